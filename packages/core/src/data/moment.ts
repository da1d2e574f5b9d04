// Not the global one: that of Bun and of jsdom lacks `nodeTiming`, and fake timers replace it.
import { performance, type PerformanceNodeTiming } from 'node:perf_hooks'

/** When something was seen, in milliseconds. */
export interface Moment {
  /** By `performance.now()`. */
  readonly time: number
  /** How long the event loop had waited for events until then: `performance.nodeTiming.idleTime`. */
  readonly idleTime: number
}

/** A busy event loop sees late what has happened long before: only the idle time tells how long it was not there. */
export function momentNow(): Moment {
  const time = performance.now()
  // Deno does not tell it, though typed so: then all time counts.
  const { idleTime = time } = performance.nodeTiming as Partial<PerformanceNodeTiming>
  return { time, idleTime }
}
