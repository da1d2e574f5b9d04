import type { CgiError } from '../data/cgi-error.js'
import type { ScriptExit } from '../transport/transport.js'

/** A consumer of a script's output. Gets either `end` or `fail`, and nothing after it. */
export interface OutputConsumer {
  /** The next bytes. */
  data(chunk: Buffer): void
  /** The output has ended; undefined if the script still runs. */
  end(exit: ScriptExit | undefined): void
  /** The run has failed. */
  fail(error: CgiError): void
}

/** Discards output and counts it. */
export class DiscardingConsumer implements OutputConsumer {
  readonly #progress: (discarded: number) => void
  readonly #fail: () => void
  #discarded = 0

  /**
   * @param progress - called after each chunk with the number of bytes so far.
   * @param fail - called if the run fails, which no other consumer reports.
   */
  constructor(progress: (discarded: number) => void, fail: () => void) {
    this.#progress = progress
    this.#fail = fail
  }

  data(chunk: Buffer): void {
    this.#discarded += chunk.length
    this.#progress(this.#discarded)
  }

  end(): void {}

  fail(): void {
    this.#fail()
  }
}
