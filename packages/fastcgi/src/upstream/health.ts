/** How an upstream has failed. */
export type Failure =
  /** No connection. */
  | 'unreachable'
  /** Other bytes than the protocol, or a rejected request. */
  | 'protocol'
  /** A connection that was closed before the end of the answer. */
  | 'lost'
  /** No byte of an answer within `headersTimeout`. */
  | 'silent'

/** The first time out, in milliseconds; each further failure doubles it. */
const SHORTEST_TIME_OUT = 100
const LONGEST_TIME_OUT = 10_000
/** One request that ends its process, or takes too long, is no fault of the upstream; the next one shows. */
const UNANSWERED_IN_A_ROW = 2
/** A connection is tried beside a request that another upstream answers: it costs no client anything. */
const LONGEST_WITHOUT_CONNECTION = 1_000

/** Whether an upstream gets requests. Times are in milliseconds, of a clock that only goes forward. */
export class Health {
  #failures = 0
  /** Requests without an end of their answer, since the last one with an end. */
  #unanswered = 0
  #downUntil = 0
  #isDown = false
  /** What to find out before it gets requests again: whether it can be reached, or how it answers one. */
  #needs: 'connection' | 'answer' = 'answer'

  get isDown(): boolean {
    return this.#isDown
  }

  /** Whether a connection shows that it is up again. */
  get needsConnection(): boolean {
    return this.#isDown && this.#needs === 'connection'
  }

  /** How long it stays out; 0 or less: it can be probed. */
  timeOut(now: number): number {
    return this.#downUntil - now
  }

  /**
   * Counts a failure.
   *
   * @param isOnly - whether there is no other upstream. It is taken out only where it cannot be reached then: any other
   *   failure may be the fault of one request, and no other upstream could answer the next one.
   * @returns whether it is down now and was not before.
   */
  fail(failure: Failure, now: number, isOnly: boolean): boolean {
    if (failure === 'lost' || failure === 'silent') {
      this.#unanswered += 1
      if (this.#unanswered < UNANSWERED_IN_A_ROW) return false
    }
    if (isOnly && failure !== 'unreachable') return false
    const wasDown = this.#isDown
    // Failures of requests that were sent together are one.
    if (wasDown && this.timeOut(now) > 0) return false
    const most = failure === 'unreachable' ? LONGEST_WITHOUT_CONNECTION : LONGEST_TIME_OUT
    this.#downUntil = now + Math.min(SHORTEST_TIME_OUT * 2 ** this.#failures, most)
    this.#failures += 1
    this.#isDown = true
    this.#needs = failure === 'unreachable' ? 'connection' : 'answer'
    return !wasDown
  }

  /** It can be reached again: one request finds out whether it answers. */
  connected(): void {
    this.#needs = 'answer'
  }

  /** It has begun to answer. @returns whether it was down. */
  answer(): boolean {
    const wasDown = this.#isDown
    this.#isDown = false
    return wasDown
  }

  /** It has answered a request. */
  succeed(): void {
    this.#failures = 0
    this.#unanswered = 0
  }
}
