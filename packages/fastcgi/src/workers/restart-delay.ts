/** After the first failure, in milliseconds; doubled after each that follows. */
const SHORTEST = 100
const LONGEST = 10_000

/** How long a program that ends before it has answered a request is not started again. */
export class RestartDelay {
  #next = SHORTEST

  /** It has ended. @returns the delay in milliseconds. */
  fail(): number {
    const delay = this.#next
    this.#next = Math.min(2 * delay, LONGEST)
    return delay
  }

  /** It has answered a request. */
  succeed(): void {
    this.#next = SHORTEST
  }
}
