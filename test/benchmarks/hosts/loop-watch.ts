import type { Server, ServerResponse } from 'node:http'

/**
 * How long the event loop was busy without a pause while each request was there, in milliseconds: the
 * longest turn of a loop that never waits. Whatever else the process should have done had to wait for that
 * long. The loop goes round all the time while it is watched, and so takes a core.
 */
export class LoopWatch {
  readonly #server: Server
  readonly #stretches: number[] = []
  #longest = 0
  #isOver = false
  #last = performance.now()
  #next = setImmediate(() => this.#turn())

  constructor(server: Server) {
    this.#server = server
    server.on('request', this.#begin)
  }

  /** @returns one for each request. */
  end(): readonly number[] {
    this.#server.off('request', this.#begin)
    clearImmediate(this.#next)
    return this.#stretches
  }

  readonly #begin = (_request: unknown, response: ServerResponse): void => {
    // The turn in which the request came is counted when it ends.
    this.#longest = 0
    response.once('close', () => (this.#isOver = true))
  }

  #turn(): void {
    const now = performance.now()
    this.#longest = Math.max(this.#longest, now - this.#last)
    this.#last = now
    if (this.#isOver) {
      this.#isOver = false
      this.#stretches.push(this.#longest)
    }
    this.#next = setImmediate(() => this.#turn())
  }
}
