import { BYTES_OF_SLOW_CLIENT } from './grace-periods.js'

/**
 * How much longer the gateway waits for a client. Time uses it up, and each byte restores some of it: a client
 * that keeps the least rate never exhausts it. It has an upper bound, since what a client did an hour ago does
 * not count.
 */
export class Patience {
  /** In milliseconds. */
  left: number
  readonly #minRate: number
  readonly #most: number

  /**
   * @param minRate - bytes per second; 0: no limit.
   * @param most - the upper bound, in milliseconds: larger where the next bytes show only after a long time.
   */
  constructor(minRate: number, most = BYTES_OF_SLOW_CLIENT) {
    this.#minRate = minRate
    this.#most = most
    this.left = minRate === 0 ? Number.POSITIVE_INFINITY : BYTES_OF_SLOW_CLIENT
  }

  /** Counts a wait and the bytes received meanwhile. Returns whether it is exhausted. */
  spend(milliseconds: number, bytes: number): boolean {
    if (this.#minRate === 0) return false
    const earned = (bytes * 1_000) / this.#minRate
    this.left = Math.min(this.left - milliseconds + earned, this.#most)
    return this.left <= 0
  }
}
