import { LONGEST_CONTENT, recordHeader, STDIN } from '../protocol/record.js'
import type { ApplicationSocket } from './application-socket.js'

/**
 * The standard input of one exchange. It never fails: an application need not read the body, and whether the connection
 * is lost shows where it is read. After the end of the answer, all is discarded.
 */
export interface RequestInput {
  /** @param callback - called once, when the system has taken the chunk or the chunk has been discarded. */
  write(chunk: Buffer, callback: () => void): void
  /** The body is whole. */
  end(): void
}

/** Up to this size, header and content are copied into one write. */
const LARGEST_COPY = 4 * 1024

/** What both protocols have in common. */
export abstract class SocketInput implements RequestInput {
  protected readonly socket: ApplicationSocket
  #isDiscarded = false

  constructor(socket: ApplicationSocket) {
    this.socket = socket
  }

  /** Discards all that follows. */
  discard(): void {
    this.#isDiscarded = true
  }

  write(chunk: Buffer, callback: () => void): void {
    if (this.#isDiscarded || this.socket.destroyed) process.nextTick(callback)
    else this.writeContent(chunk, callback)
  }

  end(): void {
    if (!this.#isDiscarded && !this.socket.destroyed) this.endContent()
  }

  protected abstract writeContent(chunk: Buffer, callback: () => void): void
  protected abstract endContent(): void
}

/** STDIN records. */
export class FastcgiInput extends SocketInput {
  readonly #id: number

  constructor(socket: ApplicationSocket, id: number) {
    super(socket)
    this.#id = id
  }

  protected override writeContent(chunk: Buffer, callback: () => void): void {
    const { socket } = this
    if (chunk.length <= LARGEST_COPY) {
      // Without content, a record would be the end.
      if (chunk.length === 0) process.nextTick(callback)
      else socket.write(this.#join(chunk), callback)
      return
    }
    // Node.js reads 64 KiB of a body at once, which is 8 bytes more than a record: two records of one size are read by PHP
    // with fewer calls than a full one and a rest.
    const records = Math.ceil(chunk.length / LONGEST_CONTENT)
    const size = Math.ceil(chunk.length / records)
    const header = this.#header(size)
    // One writev(2) of headers and content, which is not copied.
    socket.cork()
    for (let at = 0; at < chunk.length; at += size) {
      const part = chunk.subarray(at, at + size)
      const isLast = at + size >= chunk.length
      socket.write(part.length === size ? header : this.#header(part.length))
      if (isLast) socket.write(part, callback)
      else socket.write(part)
    }
    socket.uncork()
  }

  protected override endContent(): void {
    this.socket.write(this.#header(0))
  }

  #header(length: number): Buffer {
    return Buffer.from(recordHeader(STDIN, this.#id, length), 'latin1')
  }

  #join(chunk: Buffer): Buffer {
    const header = recordHeader(STDIN, this.#id, chunk.length)
    const record = Buffer.allocUnsafe(header.length + chunk.length)
    record.write(header, 'latin1')
    chunk.copy(record, header.length)
    return record
  }
}

/** The bytes of the body; their number is CONTENT_LENGTH. */
export class ScgiInput extends SocketInput {
  protected override writeContent(chunk: Buffer, callback: () => void): void {
    this.socket.write(chunk, callback)
  }

  protected override endContent(): void {}
}
