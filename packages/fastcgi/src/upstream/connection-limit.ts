/** After a full backlog, one more request at once is sent after each of these, in milliseconds. */
const GROWTH_INTERVAL = 1_000
/** And the first one, where there is none, after this. */
const FIRST_GROWTH = 100

/**
 * How many requests an upstream takes at once. Where it turns out to take fewer (a full backlog), the limit shrinks to
 * these, and grows again with time. Times are in milliseconds, of a clock that only goes forward.
 */
export class ConnectionLimit {
  #most: number
  /** The number that it took, and when. Undefined: it has not been full, or not for long. */
  #full: { readonly number: number; readonly at: number } | undefined

  constructor(most: number) {
    this.#most = most
  }

  /** The most that it takes at any time. */
  get most(): number {
    return this.#most
  }

  /** How many it takes now. */
  at(now: number): number {
    if (this.#full === undefined) return this.#most
    const elapsed = now - this.#full.at
    const least = elapsed < FIRST_GROWTH ? 0 : 1
    const grown = Math.max(least, this.#full.number + Math.floor(elapsed / GROWTH_INTERVAL))
    if (grown >= this.#most) this.#full = undefined
    return Math.min(grown, this.#most)
  }

  /** It was full with this number. */
  shrink(number: number, now: number): void {
    this.#full = { number, at: now }
  }

  /** The application has said how many it takes. */
  setMost(most: number): void {
    this.#most = Math.min(this.#most, most)
  }
}
