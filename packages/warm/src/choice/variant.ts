import type { ForkServer } from '../server/fork-server.js'
import { Worth } from './worth.js'

/** After so many faults of its fork servers a script has none for a while. */
const MOST_FAULTS = 3
/** After so many fork servers in a row that ended by a change before they had paid, it has none for a while. */
const MOST_CHANGES = 5
/** How many requests pay for the start of a fork server. */
const FEWEST_RUNS = 10

/** One script with one working directory and one set of fixed variables: what a fork server is for. */
export class Variant {
  readonly worth = new Worth()
  /** Why it has no fork server at the moment. */
  reason = 'it has not run often enough yet'
  readonly #after: number
  readonly #period: number
  /** When the last plain runs began, by `performance.now()`. */
  #plainRuns: number[] = []
  #server: ForkServer | undefined
  #earliest = 0
  #faults = 0
  #changes = 0
  /** The requests that its present fork server ran. */
  #runs = 0

  /**
   * @param after - how many plain runs come before a fork server.
   * @param period - within how long, in milliseconds.
   */
  constructor(after: number, period: number) {
    this.#after = after
    this.#period = period
  }

  /** Its fork server, unless that takes no more requests. */
  get server(): ForkServer | undefined {
    return this.#server?.isUsable === true ? this.#server : undefined
  }

  set server(server: ForkServer) {
    this.#server = server
    this.#runs = 0
  }

  /** When the first of the plain runs began that make a fork server due. */
  get since(): number {
    return this.#plainRuns[0] ?? 0
  }

  countPlainRun(now: number): void {
    this.#plainRuns.push(now)
    if (this.#plainRuns.length > this.#after) this.#plainRuns.shift()
  }

  /** Whether it runs often enough for a fork server, and has none. */
  isDue(now: number): boolean {
    return (
      this.server === undefined &&
      now >= this.#earliest &&
      this.#plainRuns.length >= this.#after &&
      now - this.since <= this.#period
    )
  }

  /** There must be no fork server before a time, by `performance.now()`. */
  postpone(earliest: number, reason: string): void {
    this.#earliest = earliest
    this.reason = reason
  }

  /** Its fork server has ended by a fault. @returns whether it may have another. */
  countFault(): boolean {
    this.#plainRuns = []
    this.#faults += 1
    return this.#faults < MOST_FAULTS
  }

  /** Its fork server has run a request. */
  countRun(): void {
    this.#runs += 1
  }

  /** Its fork server has ended because a file has changed. @returns whether it may have another. */
  countChange(): boolean {
    this.#changes = this.#runs < FEWEST_RUNS ? this.#changes + 1 : 0
    return this.#changes < MOST_CHANGES
  }
}
