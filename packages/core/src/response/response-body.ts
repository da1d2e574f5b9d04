import { once } from 'node:events'
import { Readable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import { drain } from '../data/drain.js'
import type { OutputConsumer } from '../run/output-consumer.js'
import type { ScriptRun } from '../run/run.js'
import type { ScriptExit } from '../transport/transport.js'

/** How much may wait for the client before the script has to, in bytes. */
const HIGH_WATER_MARK = 512 * 1024

/** What a response body is made of. */
export interface ResponseBodySource {
  readonly run: ScriptRun
  /** The bytes that came together with the header. */
  readonly first: Buffer
  /** The script's Content-Length; undefined where it promised none. */
  readonly contentLength: number | undefined
  /** The body of the request: the response ends when the client has sent it, too. */
  readonly requestBody: Readable | null
  /** How long no byte may move, in milliseconds; 0: no limit. */
  readonly bodyTimeout: number
}

/**
 * The content of a response: what the script writes after its header, as it writes it, no faster than
 * the client takes it. It ends when the script's output does, and fails when that end is not the
 * true one, so that the client can tell.
 */
export class ResponseBody extends Readable implements OutputConsumer {
  readonly #run: ScriptRun
  readonly #requestBody: Readable | null
  /** What is left of the promised Content-Length; Infinity where none was promised. */
  #left: number
  #isComplete = false
  /** What went wrong before anything began to read. */
  #failure: CgiError | undefined

  constructor(source: ResponseBodySource) {
    super({ highWaterMark: HIGH_WATER_MARK })
    this.#run = source.run
    this.#requestBody = source.requestBody
    this.#left = source.contentLength ?? Number.POSITIVE_INFINITY
    // Whoever pipes it hears it, too.
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
    // Without a failure of the run, it is the client that has gone.
    if (!this.#isComplete && this.#run.failure === undefined) this.#run.disconnect()
    callback(error)
  }

  /** Waits for the first byte of content, or the end. @throws {CgiError} where the run fails first. */
  async hasContent(): Promise<boolean> {
    if (this.readableLength === 0) await once(this, 'readable')
    return this.readableLength > 0
  }

  data(chunk: Buffer): void {
    this.#run.touch()
    // RFC 9110 section 8.6: a message is as long as its Content-Length says. More is cut off.
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
    // Not by whether _read() was called: the stream does that itself, to have something in stock.
    const isRead = this.readableFlowing !== null || this.listenerCount('readable') > 0
    if (isRead) this.destroy(error)
    else if (this.#failure === undefined) this.#failWhenRead(error)
  }

  /**
   * A hook of the application may still be waiting before it reads. First goes what there is, and with it the
   * header: it is the body that fails, not the response.
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
 * Waits until the client has sent all of its body, or is given up on. The script may still be reading
 * what it has been sent; only what it leaves is discarded.
 */
export async function endOfRequest(
  run: ScriptRun | null,
  requestBody: Readable | null,
): Promise<void> {
  await run?.inputEnd
  await drain(requestBody)
}
