import assert from 'node:assert/strict'
import t from 'tap'
import { ConnectionLimit } from '@internal/fastcgi/upstream/connection-limit.js'

void t.test(
  'UP-6 an upstream that was full takes what it had, and one more each second',
  async () => {
    const limit = new ConnectionLimit(8)
    limit.shrink(3, 0)
    assert.deepEqual(
      [0, 999, 1000, 2500, 4999, 5000, 9000].map((now) => limit.at(now)),
      [3, 3, 4, 5, 7, 8, 8],
    )
  },
)

void t.test('UP-6 one that was full with nothing is tried again after 100 ms', async () => {
  const limit = new ConnectionLimit(8)
  limit.shrink(0, 0)
  assert.deepEqual(
    [0, 99, 100, 1999, 2000].map((now) => limit.at(now)),
    [0, 0, 1, 1, 2],
  )
})

void t.test('UP-6 an application may say that it takes fewer, not more', async () => {
  const limit = new ConnectionLimit(256)
  limit.setMost(4)
  assert.deepEqual([limit.most, limit.at(0)], [4, 4])
  limit.setMost(9)
  assert.equal(limit.most, 4)
  limit.shrink(6, 0)
  assert.equal(limit.at(0), 4)
})
