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

const FULL_HEADER = Buffer.from(recordHeader(STDIN, LONGEST_CONTENT), 'latin1')
const STDIN_END = Buffer.from(recordHeader(STDIN, 0), 'latin1')

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
  protected override writeContent(chunk: Buffer, callback: () => void): void {
    const { socket } = this
    if (chunk.length <= LARGEST_COPY) {
      // Without content, a record would be the end.
      if (chunk.length === 0) process.nextTick(callback)
      else socket.write(joinRecord(chunk), callback)
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
export class ScgiInput extends SocketInput {
  protected override writeContent(chunk: Buffer, callback: () => void): void {
    this.socket.write(chunk, callback)
  }

  protected override endContent(): void {}
}

function joinRecord(chunk: Buffer): Buffer {
  const header = recordHeader(STDIN, chunk.length)
  const record = Buffer.allocUnsafe(header.length + chunk.length)
  record.write(header, 'latin1')
  chunk.copy(record, header.length)
  return record
}
