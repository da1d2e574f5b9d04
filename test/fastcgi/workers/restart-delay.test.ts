import assert from 'node:assert/strict'
import { RestartDelay } from '@internal/fastcgi/workers/restart-delay.js'
import t from 'tap'

void t.test('UP-8 the delay of a restart doubles up to ten seconds', async () => {
  const delay = new RestartDelay()
  let now = 0
  const delays = Array.from({ length: 9 }, () => {
    const milliseconds = delay.fail(now)
    now += milliseconds
    return milliseconds
  })
  assert.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
})

void t.test('UP-8 processes that fail together do not double the delay', async () => {
  const delay = new RestartDelay()
  assert.deepEqual(
    [delay.fail(0), delay.fail(1), delay.fail(60), delay.fail(100)],
    [100, 99, 40, 200],
  )
})

void t.test('UP-8 the delay is whole milliseconds, whatever the clock shows', async () => {
  const delay = new RestartDelay()
  const now = 4_050.1
  assert.notEqual(now + 100 - now, 100, 'a sum that is rounded')
  assert.deepEqual([delay.fail(now), delay.fail(now + 0.5), delay.fail(now + 101)], [100, 100, 200])
})

void t.test('UP-8 an answer ends the growth of the delay', async () => {
  const delay = new RestartDelay()
  delay.fail(0)
  delay.fail(100)
  delay.succeed()
  assert.equal(delay.fail(1_000), 100)
})
