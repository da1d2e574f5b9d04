import assert from 'node:assert/strict'
import { performance } from 'node:perf_hooks'
import { mock } from 'node:test'
import t from 'tap'
import { momentNow } from '@internal/core/data/moment.js'

void t.test('a moment has the idle time of the process, whatever `performance` is', async (t) => {
  t.after(() => mock.reset())
  // That of Bun and jsdom has no more, and the clock of fake timers stands still.
  const bare = { now: () => 0 }
  mock.getter(globalThis, 'performance', () => bare)
  const before = performance.now()
  const { time, idleTime } = momentNow()
  assert.ok(time >= before)
  assert.equal(idleTime, performance.nodeTiming.idleTime)
})

void t.test('where the runtime does not tell the idle time (Deno), all time is', async (t) => {
  Object.defineProperty(performance, 'nodeTiming', { configurable: true, value: {} })
  // The prototype has it.
  t.after(() => Reflect.deleteProperty(performance, 'nodeTiming'))
  const { time, idleTime } = momentNow()
  assert.equal(idleTime, time)
})
