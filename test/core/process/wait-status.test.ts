import assert from 'node:assert/strict'
import { readWaitStatus } from '@internal/core/process/wait-status.js'
import t from 'tap'

void t.test('LOG-2 names an exit code or a signal', async () => {
  for (const [status, exitCode, signal] of [
    [0, 0, null],
    [255 << 8, 255, null],
    [15, null, 'SIGTERM'],
    // SIGIOT has the same number, and a core dump its bit.
    [6 | 0x80, null, 'SIGABRT'],
    [40, null, 'signal 40'],
  ] as const) {
    assert.deepEqual(readWaitStatus(status), { exitCode, signal })
  }
})
