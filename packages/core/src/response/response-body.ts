import { once } from 'node:events'
import { Readable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import { drain } from '../data/drain.js'
import type { OutputConsumer } from '../run/output-consumer.js'
import type { ScriptRun } from '../run/run.js'
import type { ScriptExit } from '../transport/transport.js'

/** The most bytes that are buffered for the client before the script is paused. */
const HIGH_WATER_MARK = 512 * 1024

/** The parts of a response body. */
export interface ResponseBodySource {
  readonly run: ScriptRun
  /** The bytes that arrived with the header. */
  readonly first: Buffer
  /** The script's Content-Length; undefined without one. */
  readonly contentLength: number | undefined
  /** The request body: the response does not end before it was received. */
  readonly requestBody: Readable | null
  /** The longest time in which no byte moves, in milliseconds; 0: no limit. */
  readonly bodyTimeout: number
}

/**
 * The content of a response: the script's output after its header, streamed no faster than the client
 * reads it. It ends with the output, and fails if the output was cut short, so that the client can tell.
 */
export class ResponseBody extends Readable implements OutputConsumer {
  readonly #run: ScriptRun
  readonly #requestBody: Readable | null
  /** Bytes of the Content-Length that are still to come; Infinity without one. */
  #left: number
  #isComplete = false
  /** An error from before the first read. */
  #failure: CgiError | undefined

  constructor(source: ResponseBodySource) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#run = source.run
    this.#requestBody = source.requestBody
    this.#left = source.contentLength ?? Number.POSITIVE_INFINITY
    // Without a listener, 'error' would be thrown. A pipeline still gets it by its own listener.
    this.on('error', () => {})
    this.data(source.first)
    if (!this.#isComplete) source.run.consume(source.bodyTimeout, 'CGI_ERR_BODY_TIMEOUT', this)
  }

  override _read(): void {
    if (this.#isComplete || this.#failure !== undefined) return
    this.#run.touch()
    this.#run.resume()
  }

  override _destroy(error: Error | null, callback: (error: Error | null) => void): void {
    // If the run has not failed, the client has disconnected.
    if (!this.#isComplete && this.#run.failure === undefined) this.#run.disconnect()
    callback(error)
  }

  /** Waits for the first byte of content, or the end. @throws {CgiError} if the run fails first. */
  async hasContent(): Promise<boolean> {
    if (this.readableLength === 0) await once(this, 'readable')
    return this.readableLength > 0
  }

  data(chunk: Buffer): void {
    this.#run.touch()
    // RFC 9110 section 8.6: a message is as long as its Content-Length says. Bytes beyond it are dropped.
    const part = chunk.length > this.#left ? chunk.subarray(0, this.#left) : chunk
    this.#left -= part.length
    const isWanted = part.length === 0 || this.push(part)
    if (this.#left === 0) this.#complete()
    else if (!isWanted) this.#run.pause()
  }

  end(exit: ScriptExit | undefined): void {
    if (exit?.signal) {
      this.#fail(new CgiError('CGI_ERR_KILLED', exit))
    } else if (this.#left !== Number.POSITIVE_INFINITY) {
      const reason = `${this.#left} bytes of the Content-Length are missing`
      this.#fail(new CgiError('CGI_ERR_SHORT_BODY', { ...exit, reason }))
    } else {
      this.#complete()
    }
  }

  fail(error: CgiError): void {
    // A call of _read() does not prove a reader: the stream calls it to fill its buffer.
    const isRead = this.readableFlowing !== null || this.listenerCount('readable') > 0
    if (isRead) this.destroy(error)
    else if (this.#failure === undefined) this.#failWhenRead(error)
  }

  /**
   * A hook of the application may delay the first read. The header and the buffered bytes are sent first:
   * the body fails, not the response.
   */
  #failWhenRead(error: CgiError): void {
    this.#failure = error
    const begin = (): void => void setImmediate(() => this.destroy(error))
    this.once('resume', begin)
    this.on('newListener', (event) => {
      if (event === 'data' || event === 'readable') begin()
    })
  }

  #fail(error: CgiError): void {
    this.#run.fail(error)
    this.fail(error)
  }

  #complete(): void {
    this.#isComplete = true
    this.#run.discard()
    void endOfRequest(this.#run, this.#requestBody).then(() => this.push(null))
  }
}

/** A body without content that ends when the client has sent its own. */
export function createEmptyBody(run: ScriptRun | null, requestBody: Readable | null): Readable {
  return new Readable({
    read() {
      void endOfRequest(run, requestBody).then(() => this.push(null))
    },
  })
}

/**
 * Waits until the request body was received, or its limits were exceeded. The script may still be reading
 * it; only the rest that the script does not read is discarded.
 */
export async function endOfRequest(
  run: ScriptRun | null,
  requestBody: Readable | null,
): Promise<void> {
  await run?.inputEnd
  await drain(requestBody)
}
