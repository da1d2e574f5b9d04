/** After the first failure, in milliseconds; doubled after each that follows. */
const SHORTEST = 100
const LONGEST = 10_000

/** How long a program that ends before it has answered a request is not started again. */
export class RestartDelay {
  #next = SHORTEST
  #end = 0

  /**
   * It has ended. Failures of processes that were started together are one.
   *
   * @param now - in milliseconds, of a clock that only goes forward.
   * @returns the delay in whole milliseconds.
   */
  fail(now: number): number {
    if (now < this.#end) return Math.ceil(this.#end - now)
    const delay = this.#next
    this.#end = now + delay
    this.#next = Math.min(2 * delay, LONGEST)
    return delay
  }

  /** It has answered a request. */
  succeed(): void {
    this.#next = SHORTEST
  }
}
