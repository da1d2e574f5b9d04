import { freeChunk } from '@common-gateway/core/transport'
import { Writable } from 'node:stream'
import type { RequestInput } from '../connection/request-input.js'

type WriteCallback = (error?: Error | null) => void

/** The most that is kept to be sent again, in bytes. */
export const MOST_KEPT = 64 * 1024

/**
 * The standard input of a request whose connection may change before the answer begins. It keeps the beginning
 * of the body, and writes it again to the next connection. It never fails.
 */
export class SentBody extends Writable {
  #target: RequestInput | null = null
  /** Undefined: the body is not all there any more. */
  #kept: Buffer[] | undefined = []
  #keptSize = 0
  #isEnded = false
  #isDiscarded = false
  /** A chunk that came between two connections. */
  #pending: Buffer | undefined
  /** Called when the connection, or the next one, has taken the chunk. */
  #waiting: WriteCallback | undefined
  readonly #continue = (): void => {
    const callback = this.#waiting
    this.#waiting = undefined
    callback?.()
  }

  constructor() {
    super({ highWaterMark: MOST_KEPT, decodeStrings: true })
  }

  /** Whether all that has been read of the body can be written to another connection. */
  get isWhole(): boolean {
    return this.#kept !== undefined
  }

  /** Keeps nothing any more: the answer has begun. */
  forget(): void {
    this.#kept = undefined
  }

  /** Writes to a connection from now on: first what has been kept. */
  writeTo(target: RequestInput): void {
    this.#target = target
    for (const chunk of this.#kept ?? []) target.write(chunk, () => {})
    if (this.#pending !== undefined) this.#pass(this.#pending, target)
    this.#pending = undefined
    if (this.#isEnded) target.end()
  }

  /** The connection is gone: further chunks wait for the next one. */
  detach(): void {
    this.#target = null
  }

  /** Discards all further chunks: there is no further connection. */
  discard(): void {
    this.#target = null
    this.#isDiscarded = true
    this.#kept = undefined
    this.#pending = undefined
    this.#continue()
  }

  override _write(chunk: Buffer, _encoding: string, callback: WriteCallback): void {
    if (this.#isDiscarded) {
      callback()
      return
    }
    this.#waiting = callback
    if (this.#target === null) this.#pending = chunk
    else this.#pass(chunk, this.#target)
  }

  override _final(callback: WriteCallback): void {
    this.#isEnded = true
    this.#target?.end()
    callback()
  }

  #pass(chunk: Buffer, target: RequestInput): void {
    this.#keep(chunk)
    if (this.isWhole) target.write(chunk, this.#continue)
    else {
      target.write(chunk, () => {
        freeChunk(chunk)
        this.#continue()
      })
    }
  }

  #keep(chunk: Buffer): void {
    if (this.#kept === undefined) return
    this.#keptSize += chunk.length
    if (this.#keptSize > MOST_KEPT) this.#kept = undefined
    else this.#kept.push(chunk)
  }
}
