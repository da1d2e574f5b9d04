import type { Output, OutputReader } from '@common-gateway/core/transport'

/**
 * An output of a request whose connection may change before the answer begins. It ends when the request has
 * ended, not with its connection.
 */
export class RelayedOutput implements Output, OutputReader {
  readonly #observe: (chunk: Buffer) => void
  #source: Output | undefined
  #reader: OutputReader | undefined
  #isPaused = true
  #isOver = false
  #hasEnded = false
  /** How the request has ended; undefined while it has not. */
  #end: { readonly error: Error | undefined } | undefined

  /** @param observe - called for each chunk. */
  constructor(observe: (chunk: Buffer) => void) {
    this.#observe = observe
  }

  /** Reads from a connection from now on. */
  readFrom(source: Output): void {
    this.#source = source
    this.#hasEnded = false
    source.readBy(this)
    if (this.#isOver) source.destroy()
    else if (!this.#isPaused) source.resume()
  }

  /** The request has ended: the output ends, or fails, after its last byte. Called again, it does nothing. */
  finish(error: Error | undefined): void {
    this.#end ??= { error }
    this.#passEnd()
  }

  /** The request has ended, and nothing more comes from a connection. */
  cut(error: Error | undefined): void {
    this.#hasEnded = true
    this.finish(error)
  }

  data(chunk: Buffer): void {
    if (this.#isOver) return
    this.#observe(chunk)
    this.#reader?.data(chunk)
  }

  end(): void {
    this.#hasEnded = true
    this.#passEnd()
  }

  /** The connection has failed; how the request ends is decided elsewhere. */
  error(): void {
    this.end()
  }

  readBy(reader: OutputReader): void {
    this.#reader = reader
  }

  pause(): void {
    this.#isPaused = true
    this.#source?.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#source?.resume()
    this.#passEnd()
  }

  destroy(): void {
    this.#isOver = true
    this.#source?.destroy()
  }

  #passEnd(): void {
    if (this.#end === undefined || !this.#hasEnded || this.#isPaused || this.#isOver) return
    this.#isOver = true
    const { error } = this.#end
    if (error === undefined) this.#reader?.end()
    else this.#reader?.error(error)
  }
}
