import assert from 'node:assert/strict'
import t from 'tap'
import { Health } from '@internal/fastcgi/upstream/health.js'

void t.test('UP-7 the time out of an upstream begins with 100 ms and doubles to 10 s', async () => {
  const health = new Health()
  health.fail('lost', 0, false)
  let now = 5000
  const timeOuts = Array.from({ length: 10 }, () => {
    health.fail('lost', now, false)
    const timeOut = health.timeOut(now)
    now += timeOut
    return timeOut
  })
  assert.deepEqual(timeOuts, [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000])
})

void t.test('UP-7 one that cannot be reached is tried again after a second at most', async () => {
  const health = new Health()
  let now = 0
  for (let failure = 0; failure < 20; failure += 1) {
    health.fail('unreachable', now, true)
    now += health.timeOut(now)
  }
  assert.equal(health.fail('unreachable', now, true), false)
  assert.equal(health.timeOut(now), 1000)
})

void t.test('UP-7 failures of requests that were sent together count once', async () => {
  const health = new Health()
  assert.equal(health.fail('protocol', 0, false), true)
  for (let other = 0; other < 8; other += 1) assert.equal(health.fail('lost', 1, false), false)
  assert.equal(health.timeOut(0), 100)
  assert.equal(health.timeOut(100), 0)
})

void t.test(
  'UP-7 an upstream is down after two lost requests without an answer between them',
  async () => {
    const health = new Health()
    for (let request = 0; request < 5; request += 1) {
      assert.equal(health.fail('lost', 0, false), false)
      health.succeed()
    }
    health.fail('lost', 0, false)
    assert.equal(health.isDown, false)
    assert.equal(health.fail('lost', 0, false), true)
  },
)

void t.test(
  'UP-7 an upstream is down after two requests without a byte, or one that was lost beside',
  async () => {
    const health = new Health()
    for (let request = 0; request < 5; request += 1) {
      assert.equal(health.fail('silent', 0, false), false)
      health.succeed()
    }
    health.fail('silent', 0, false)
    assert.equal(health.fail('lost', 0, false), true)
    assert.equal(health.needsConnection, false, 'it accepts connections')
  },
)

void t.test('UP-7 the first byte of an answer ends the time out, its end the count', async () => {
  const health = new Health()
  for (const now of [0, 100, 300]) health.fail('protocol', now, false)
  assert.equal(health.isDown, true)
  assert.equal(health.answer(), true)
  assert.equal(health.answer(), false)
  assert.equal(health.isDown, false)
  health.fail('protocol', 1000, false)
  assert.equal(health.timeOut(1000), 800)
  health.answer()
  health.succeed()
  health.fail('protocol', 2000, false)
  assert.equal(health.timeOut(2000), 100)
})

void t.test('UP-7 the only upstream is down only where it cannot be reached', async () => {
  const health = new Health()
  for (let time = 0; time < 3; time += 1) assert.equal(health.fail('lost', 0, true), false)
  assert.equal(health.fail('protocol', 0, true), false)
  for (let time = 0; time < 3; time += 1) assert.equal(health.fail('silent', 0, true), false)
  assert.equal(health.isDown, false)
  assert.equal(health.fail('unreachable', 0, true), true)
  assert.equal(health.isDown, true)
})

void t.test('UP-7 one that could not be reached needs a connection, then an answer', async () => {
  const health = new Health()
  health.fail('unreachable', 0, false)
  assert.equal(health.needsConnection, true)
  health.connected()
  assert.deepEqual([health.isDown, health.needsConnection], [true, false])
  health.answer()
  assert.deepEqual([health.isDown, health.needsConnection], [false, false])
})
