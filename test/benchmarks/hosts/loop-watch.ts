/**
 * How long the event loop is busy without a pause, in milliseconds: the longest turn of a loop that never
 * waits. Whatever else the process should do has to wait for that long. The loop goes round all the time
 * while it is watched, and so takes a core.
 */
export class LoopWatch {
  #longest = 0
  #last = performance.now()
  #waiting: ((longest: number) => void)[] = []
  #next = setImmediate(() => this.#turn())

  /** From now on; the turn in which this is said is counted when it ends. */
  begin(): void {
    this.#longest = 0
  }

  /** Resolves, when the turn in which this is said has ended, to the longest since `begin`. */
  finish(): Promise<number> {
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  close(): void {
    clearImmediate(this.#next)
  }

  #turn(): void {
    const now = performance.now()
    this.#longest = Math.max(this.#longest, now - this.#last)
    this.#last = now
    for (const resolve of this.#waiting.splice(0)) resolve(this.#longest)
    this.#next = setImmediate(() => this.#turn())
  }
}
