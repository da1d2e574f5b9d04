import { Writable } from 'node:stream'
import { LONGEST_CONTENT, recordHeader, STDIN } from '../protocol/record.js'
import type { ApplicationSocket } from './application-socket.js'

type WriteCallback = (error?: Error | null) => void

/** How many bytes may wait before `write()` returns false: as much as a Unix socket takes. */
const HIGH_WATER_MARK = 128 * 1024
/** Up to this size, header and content are copied into one write. */
const LARGEST_COPY = 4 * 1024

const FULL_HEADER = Buffer.from(recordHeader(STDIN, LONGEST_CONTENT), 'latin1')
const STDIN_END = Buffer.from(recordHeader(STDIN, 0), 'latin1')

/**
 * The standard input of one exchange. It never fails: an application need not read the body, and whether the connection
 * is lost shows where it is read. After the end of the answer, writes are discarded.
 */
export abstract class StandardInput extends Writable {
  protected readonly socket: ApplicationSocket
  #isDiscarded = false
  #isWhole = false

  constructor(socket: ApplicationSocket) {
    super({ highWaterMark: HIGH_WATER_MARK, decodeStrings: true })
    this.socket = socket
  }

  /** Whether all of it has been handed to the connection, and its end. */
  get isWhole(): boolean {
    return this.#isWhole
  }

  /** Discards all further writes. */
  discard(): void {
    this.#isDiscarded = true
  }

  override _write(chunk: Buffer, _encoding: string, callback: WriteCallback): void {
    if (this.#isDiscarded || this.socket.destroyed) callback()
    else this.writeContent(chunk, () => callback())
  }

  override _final(callback: WriteCallback): void {
    if (!this.#isDiscarded && !this.socket.destroyed) {
      this.#isWhole = true
      this.endContent()
    }
    callback()
  }

  protected abstract writeContent(chunk: Buffer, callback: () => void): void
  protected abstract endContent(): void
}

/** STDIN records. */
export class FastcgiInput extends StandardInput {
  protected override writeContent(chunk: Buffer, callback: () => void): void {
    const { socket } = this
    if (chunk.length <= LARGEST_COPY) {
      const record = Buffer.allocUnsafe(STDIN_END.length + chunk.length)
      record.write(recordHeader(STDIN, chunk.length), 'latin1')
      chunk.copy(record, STDIN_END.length)
      socket.write(record, callback)
      return
    }
    // One writev(2) of headers and content, which is not copied.
    socket.cork()
    for (let at = 0; at < chunk.length; at += LONGEST_CONTENT) {
      const part = chunk.subarray(at, at + LONGEST_CONTENT)
      const isFull = part.length === LONGEST_CONTENT
      socket.write(isFull ? FULL_HEADER : Buffer.from(recordHeader(STDIN, part.length), 'latin1'))
      if (at + LONGEST_CONTENT < chunk.length) socket.write(part)
      else socket.write(part, callback)
    }
    socket.uncork()
  }

  protected override endContent(): void {
    this.socket.write(STDIN_END)
  }
}

/** The bytes of the body; their number is CONTENT_LENGTH. */
export class ScgiInput extends StandardInput {
  protected override writeContent(chunk: Buffer, callback: () => void): void {
    this.socket.write(chunk, callback)
  }

  protected override endContent(): void {}
}
