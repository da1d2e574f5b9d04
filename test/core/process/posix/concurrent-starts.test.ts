import assert from 'node:assert/strict'
import t from 'tap'
import {
  initialSizeIn,
  maxConcurrentStarts,
} from '@internal/core/process/posix/concurrent-starts.js'

const SIZES: readonly [
  size: string | undefined,
  initialSize: string | undefined,
  processors: number,
  most: number,
][] = [
  [undefined, undefined, 2, 3],
  [undefined, undefined, 64, 3],
  ['8', '8', 2, 7],
  ['17', '17', 2, 16],
  ['1024', '1024', 2, 16],
  ['1', '1', 2, 1],
  ['2', '2', 2, 1],
  ['many', 'many', 2, 3],
  // Set by the application, perhaps too late.
  ['64', undefined, 2, 3],
  ['64', '4', 2, 3],
  ['64', undefined, 8, 9],
  [undefined, '64', 2, 3],
]

void t.test('LIFE-7 starts leave a thread of libuv to the application', async () => {
  for (const [size, initialSize, processors, most] of SIZES) {
    const pool = { size, initialSize, processors }
    assert.equal(maxConcurrentStarts(pool), most, JSON.stringify(pool))
  }
})

void t.test('the size of the pool is read from the environment of the start', async () => {
  assert.equal(initialSizeIn('A=1\0UV_THREADPOOL_SIZE=8\0B=UV_THREADPOOL_SIZE=9\0'), '8')
  assert.equal(initialSizeIn('XUV_THREADPOOL_SIZE=8\0B=2\0'), undefined)
  assert.equal(initialSizeIn(''), undefined)
})
