import assert from 'node:assert/strict'
import { RestartDelay } from '@internal/fastcgi/workers/restart-delay.js'
import t from 'tap'

void t.test('UP-8 the delay of a restart doubles up to ten seconds', async () => {
  const delay = new RestartDelay()
  const delays = Array.from({ length: 9 }, () => delay.fail())
  assert.deepEqual(delays, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000])
})

void t.test('UP-8 an answer ends the growth of the delay', async () => {
  const delay = new RestartDelay()
  delay.fail()
  delay.fail()
  delay.succeed()
  assert.equal(delay.fail(), 100)
})
