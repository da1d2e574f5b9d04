import type { Output, OutputReader } from '@common-gateway/core/transport'

/** Reads the connection of an output. */
export interface OutputSource {
  /** Nothing of this output is pending any more. */
  taken(): void
}

/** Standard output or standard error of one exchange. */
export class ExchangeOutput implements Output {
  readonly #source: OutputSource
  #reader: OutputReader | undefined
  #pending: Buffer[] | undefined
  #isPaused = true
  #isPassing = false
  #hasEnded = false
  #error: Error | undefined
  #isOver = false

  constructor(source: OutputSource) {
    this.#source = source
  }

  /** Whether bytes wait for `resume()`. */
  get isPending(): boolean {
    return this.#pending !== undefined
  }

  /** Whether the reader has called `destroy()`, or has seen the end. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Passes bytes on, or keeps them while it is paused. */
  push(chunk: Buffer): void {
    if (this.#isOver) return
    if (this.#isPaused || this.#pending !== undefined) (this.#pending ??= []).push(chunk)
    else this.#reader?.data(chunk)
  }

  /** Ends it when its last bytes have been passed on; with an error, it fails. */
  finish(error: Error | undefined): void {
    this.#hasEnded = true
    this.#error = error
    if (!this.#isPaused) this.#passEnd()
  }

  readBy(reader: OutputReader): void {
    this.#reader = reader
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    // The reader may pause and resume within its `data`.
    if (this.#isPassing || this.#isOver) return
    if (this.#pending !== undefined) this.#passPending(this.#pending)
    if (!this.#isPaused) this.#passEnd()
  }

  destroy(): void {
    this.#isOver = true
    const isPending = this.isPending
    this.#pending = undefined
    if (isPending) this.#source.taken()
  }

  #passPending(pending: Buffer[]): void {
    this.#isPassing = true
    let chunk: Buffer | undefined
    while (!this.#isPaused && !this.#isOver && (chunk = pending.shift()) !== undefined) {
      this.#reader?.data(chunk)
    }
    this.#isPassing = false
    if (pending.length > 0 || this.#isOver) return
    this.#pending = undefined
    this.#source.taken()
  }

  #passEnd(): void {
    if (!this.#hasEnded || this.#isOver || this.isPending) return
    this.#isOver = true
    if (this.#error === undefined) this.#reader?.end()
    else this.#reader?.error(this.#error)
  }
}
