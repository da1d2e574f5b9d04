/** How long a client may be waited for that does nothing, in milliseconds. */
const GRACE = 10_000

/**
 * How much longer a client is waited for. The wait uses it up, and each byte gives some of it back: one that
 * keeps the least rate never comes to its end. Much at once gives no more than there was, or little more,
 * since what a client did an hour ago does not count.
 */
export class Patience {
  /** In milliseconds. */
  left: number
  readonly #minRate: number
  readonly #most: number

  /**
   * @param minRate - bytes a second; 0: it has no end.
   * @param most - where bytes are seen in lumps only: how long the next may take to come, in milliseconds.
   */
  constructor(minRate: number, most = GRACE) {
    this.#minRate = minRate
    this.#most = most
    this.left = minRate === 0 ? Number.POSITIVE_INFINITY : GRACE
  }

  /** Counts a wait of so many milliseconds, and so many bytes. Returns whether this is the end of it. */
  spend(milliseconds: number, bytes: number): boolean {
    if (this.#minRate === 0) return false
    const earned = (bytes * 1_000) / this.#minRate
    this.left = Math.min(this.left - milliseconds + earned, this.#most)
    return this.left <= 0
  }
}
