import type { Readable } from 'node:stream'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import { ownChunks } from '../data/chunk-memory.js'
import type { ClientSignal } from '../data/message.js'
import { failureOf } from './body-failure.js'

/** The memory of a body is freed early from this size on, in bytes. */
const LARGE_BODY = 128 * 1024

/** How much is received before it is taken, in bytes. */
const MOST_AT_ONCE = 64 * 1024

/**
 * Receives the chunks of a body, and none before they are asked for. `read()` would join them, which copies them, and
 * leaves the chunks to the garbage collector.
 */
export class ChunkReceiver {
  readonly #source: Readable
  readonly #signal: ClientSignal
  #received = 0
  /** Chunks that have come since the last call of `next()` has ended. */
  #chunks: Buffer[] = []
  #size = 0
  #settle: ((outcome: Buffer[] | CgiError | null) => void) | undefined

  /** @param source - of bytes, without an encoding. */
  constructor(source: Readable, signal: ClientSignal) {
    this.#source = source
    this.#signal = signal
    // Else the first listener would start it.
    source.pause()
    source.on('data', this.#receive).on('end', this.#end).on('close', this.#fail)
    source.on('error', this.#fail)
    signal.addEventListener('abort', this.#fail)
  }

  /**
   * What comes next, one chunk or several; null at the end of the body.
   *
   * @param timeout - in milliseconds; `Infinity`: no limit.
   * @throws {CgiError} with this code after `timeout`; CGI_ERR_BODY_FAILED, CGI_ERR_CLIENT_GONE.
   */
  next(timeout: number, code: CgiErrorCode): Promise<Buffer[] | null> {
    const source = this.#source
    return new Promise((resolve, reject) => {
      const stall = (): void => this.#settle?.(new CgiError(code))
      const timer = Number.isFinite(timeout) ? setTimeout(stall, timeout) : undefined
      this.#settle = (outcome) => {
        this.#settle = undefined
        clearTimeout(timer)
        if (outcome instanceof CgiError) reject(outcome)
        else resolve(outcome)
      }
      // Another listener may have let it flow.
      if (this.#chunks.length > 0) this.#deliver()
      else if (source.readableEnded) this.#settle(null)
      else if (this.#signal.aborted || source.destroyed) this.#fail()
      else source.resume()
    })
  }

  /** Receives no more. The body stays paused. */
  close(): void {
    const source = this.#source
    source.off('data', this.#receive).off('end', this.#end).off('close', this.#fail)
    source.off('error', this.#fail)
    this.#signal.removeEventListener('abort', this.#fail)
  }

  readonly #receive = (chunk: Buffer): void => {
    const before = this.#received
    this.#received += chunk.length
    // This listener is the only one that is known.
    if (before < LARGE_BODY && this.#received >= LARGE_BODY) ownChunks(this.#source, 1)
    this.#chunks.push(chunk)
    this.#size += chunk.length
    // A stream that makes its chunks when it is read would not end to pass them on.
    if (this.#size >= MOST_AT_ONCE) this.#source.pause()
    // What Node has read at once is passed on before it.
    if (this.#chunks.length === 1) process.nextTick(this.#deliver)
  }

  readonly #deliver = (): void => {
    // `next()` has passed them on already, and may have let the body flow again.
    if (this.#chunks.length === 0) return
    this.#source.pause()
    if (this.#settle === undefined) return
    const chunks = this.#chunks
    this.#chunks = []
    this.#size = 0
    this.#settle(chunks)
  }

  readonly #end = (): void => {
    if (this.#chunks.length === 0) this.#settle?.(null)
  }

  readonly #fail = (): void => this.#settle?.(failureOf(this.#source))
}
