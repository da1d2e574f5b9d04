import assert from 'node:assert/strict'
import t from 'tap'
import { keepFreedMemory } from '@internal/core/process/posix/freed-memory.js'

void t.test(
  'BODY-1 the thresholds of the heap are set once, and only where the C library has them',
  async () => {
    keepFreedMemory({ mallopt: undefined })
    const calls: number[][] = []
    const mallopt = (...call: number[]): number => calls.push(call)
    keepFreedMemory({ mallopt })
    keepFreedMemory({ mallopt })
    assert.deepEqual(calls, [
      [-3, 32 * 1024 * 1024],
      [-1, 64 * 1024 * 1024],
    ])
  },
)
