import type { Socket } from 'node:net'
import { dial } from '../support/client.js'
import { type Head, readHead } from '../conformance/response.js'

/** What a client has received in answer to one request. */
export interface Answer extends Pick<Head, 'status' | 'fields' | 'all'> {
  readonly body: Buffer
  /** Whether the connection ended before the answer did. */
  readonly isCut: boolean
  /** Whether another request may follow on this connection. */
  readonly isReusable: boolean
}

/** How an answer is to be read. */
export interface Reading {
  /** Of the request. */
  readonly method?: string
  /** How long to wait before each part is read, in milliseconds. */
  readonly pace?: number
  /** Hears that the header is there. */
  readonly onHead?: () => void
  /** Hears what of the body is there, whenever there is more of it. */
  readonly onPart?: (body: Buffer) => void
}

/** Ends a body that is cut off. */
class CutOff extends Error {}

/** A client's connection in HTTP/1.1. It reads only when it is asked to. */
export class Connection {
  readonly socket: Socket
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  private constructor(socket: Socket) {
    this.socket = socket
    this.#chunks = socket[Symbol.asyncIterator]()
  }

  static async open(port: number): Promise<Connection> {
    return new Connection(await dial(port))
  }

  /** Sends bytes; resolves when the system has them, or the connection is closed. */
  async write(bytes: string | Buffer): Promise<void> {
    const chunk = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes
    await new Promise<void>((resolve) => this.socket.write(chunk, () => resolve()))
  }

  /** Closes the sending side. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => this.socket.end(resolve))
  }

  close(): void {
    this.socket.destroy()
  }

  /**
   * Reads the next answer; null where the connection ends without one.
   *
   * @throws where it is not HTTP.
   */
  async read(reading: Reading = {}): Promise<Answer | null> {
    const head = await this.readHead()
    if (head === null) return null
    reading.onHead?.()
    const parts: Buffer[] = []
    try {
      const isReusable = await this.#readBody(head, reading, parts)
      return { ...head, body: Buffer.concat(parts), isCut: false, isReusable }
    } catch (error) {
      if (!(error instanceof CutOff)) throw error
      return { ...head, body: Buffer.concat(parts), isCut: true, isReusable: false }
    }
  }

  /** Reads the header of the next answer, and what comes before it; null where there is none. */
  async readHead(): Promise<Head | null> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n\r\n')
      if (end === -1) {
        if (!(await this.#more(0))) return null
        continue
      }
      const head = readHead(this.#rest.toString('latin1', 0, end + 4), 0)
      this.#rest = this.#rest.subarray(end + 4)
      if (head.status >= 200) return head
    }
  }

  /** @returns whether another request may follow. */
  async #readBody(head: Head, reading: Reading, parts: Buffer[]): Promise<boolean> {
    const isKept = !/\bclose\b/i.test(head.all('connection').join())
    const [length] = head.all('content-length')
    if (reading.method === 'HEAD' || head.status === 204 || head.status === 304) return isKept
    if (head.all('transfer-encoding').length > 0) {
      await this.#readChunks(reading, parts)
      return isKept
    }
    await this.#take(length === undefined ? Infinity : Number(length), reading, parts)
    return isKept && length !== undefined
  }

  async #readChunks(reading: Reading, parts: Buffer[]): Promise<void> {
    for (;;) {
      const size = Number.parseInt(await this.#readLine(), 16)
      if (Number.isNaN(size)) throw new Error('a chunk has no size')
      if (size === 0) break
      await this.#take(size, reading, parts)
      if ((await this.#readLine()) !== '') throw new Error('a chunk is longer than its size')
    }
    while ((await this.#readLine()) !== '');
  }

  async #readLine(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end !== -1) {
        const line = this.#rest.toString('latin1', 0, end)
        this.#rest = this.#rest.subarray(end + 2)
        return line
      }
      if (!(await this.#more(0))) throw new CutOff()
    }
  }

  /** Takes so many bytes; Infinity: all that come until the connection is closed in good order. */
  async #take(size: number, { pace = 0, onPart }: Reading, parts: Buffer[]): Promise<void> {
    let left = size
    while (left > 0) {
      if (this.#rest.length === 0 && !(await this.#more(pace))) {
        if (size === Infinity && this.socket.errored === null) return
        throw new CutOff()
      }
      const part = this.#rest.subarray(0, left)
      this.#rest = this.#rest.subarray(part.length)
      left -= part.length
      parts.push(part)
      onPart?.(Buffer.concat(parts))
    }
  }

  /** Waits for more bytes; false where the connection has ended. */
  async #more(pace: number): Promise<boolean> {
    if (pace > 0) await new Promise((resolve) => setTimeout(resolve, pace))
    try {
      const { done, value } = await this.#chunks.next()
      if (done === true) return false
      this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value])
      return true
    } catch {
      // A reset, or a connection that was destroyed.
      return false
    }
  }
}
