/** When something was seen, in milliseconds. */
export interface Moment {
  /** By `performance.now()`. */
  readonly time: number
  /** How long the event loop had waited for events until then: `performance.nodeTiming.idleTime`. */
  readonly idleTime: number
}

/** A busy event loop sees late what has happened long before: only the idle time tells how long it was not there. */
export function momentNow(): Moment {
  return { time: performance.now(), idleTime: performance.nodeTiming.idleTime }
}
