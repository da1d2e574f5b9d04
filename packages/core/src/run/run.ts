import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import { waitFor } from '../data/with-timeout.js'
import { endLingering } from './lingering-output.js'
import { isReceived, isStream } from '../body/content.js'
import { type BodyObserver, isStalled, sendToScript } from '../body/input.js'
import type { OutputReader } from '../transport/output.js'
import type { Settings } from '../options/settings.js'
import type { RequestBody, ScriptExit, ScriptStreams } from '../transport/transport.js'

/** The settings that bound a run in time. */
export type RunSettings = Pick<
  Settings<never>,
  'bodyLimit' | 'bodyTimeout' | 'requestTimeout' | 'lingerTimeout' | 'killOnDisconnect'
>

/** Whoever is interested in a script's output. Hears `end` or `fail`, and nothing after it. */
export interface OutputConsumer {
  /** The next bytes. */
  data(chunk: Buffer): void
  /** The output has ended; undefined where the script itself goes on. */
  end(exit: ScriptExit | undefined): void
  /** The run has failed. */
  fail(error: CgiError): void
}

/** Whoever keeps the books of runs. */
export interface RunObserver {
  /** The script has ended. */
  exited(): void
  /** And so has its output: the run is over. */
  ended(): void
}

/** What a run is about. */
export interface RunContext {
  /** For errors: the script, and its pid if it has one. */
  readonly facts: { readonly script: string; readonly pid: number | undefined }
  /** What the script may still be reading. */
  readonly requestBody: RequestBody
}

/** How much output is taken from a script that nobody listens to, in bytes. */
const MOST_DISCARDED = 64 * 1024 * 1024

/** How long the news of a script's end may come after the end of its output, in milliseconds. */
const EXIT_GRACE = 250

/**
 * One script from its start to its end: its output, its clocks, and what becomes of it when something
 * fails. One consumer at a time hears it: first who wants the header, then who wants the body.
 */
export class ScriptRun implements OutputReader, BodyObserver {
  /** Resolves when the script takes no more of its input. */
  readonly inputEnd: Promise<void>
  /** Why the run failed; undefined if it did not. */
  failure: CgiError | undefined
  /** Whether it failed when nobody was waiting for it any more. */
  isUnheard = false
  /** Whether the client went before all had passed between it and the script. */
  isAbandoned = false
  /** How it ended; undefined as long as it runs. */
  exited: ScriptExit | undefined
  /** From the start to the end of the header, in milliseconds; undefined where there was none. */
  headerTime: number | undefined
  /** From the start to the end of the script and its output, in milliseconds. */
  duration: number | undefined
  /** How much of the request body has come for it. */
  bytesIn: number
  /** How much it has written to its standard output. */
  bytesOut = 0

  readonly #streams: ScriptStreams
  readonly #settings: RunSettings
  readonly #context: RunContext
  readonly #start = performance.now()
  readonly #requestTimer: NodeJS.Timeout | undefined
  #observer: RunObserver | undefined
  #idleTimer: NodeJS.Timeout | undefined
  #lingerTimer: NodeJS.Timeout | undefined
  #consumer: OutputConsumer | undefined
  #hasOutputEnded = false
  #isEnding = false
  #hasInputEnded = false

  constructor(streams: ScriptStreams, settings: RunSettings, context: RunContext) {
    this.#streams = streams
    this.#settings = settings
    this.#context = context
    // What is no stream has come already.
    const { content, length = 0 } = context.requestBody
    this.bytesIn = isStream(content) ? 0 : length
    const { stdin, exit } = streams
    if (stdin !== null) void exit.then(() => stdin.destroy())
    this.inputEnd = sendToScript(content, stdin, settings.bodyLimit, this)
    void this.inputEnd.then(() => {
      this.#hasInputEnded = true
    })
    this.#requestTimer = this.#deadline(settings.requestTimeout, 'CGI_ERR_REQUEST_TIMEOUT')
    streams.stdout.readBy(this)
    void exit.then((ended) => this.#leave(ended))
  }

  /** Says who keeps the books of it. */
  observe(observer: RunObserver): void {
    this.#observer = observer
  }

  /** Resolves when the script has ended; never rejects. */
  get exit(): Promise<ScriptExit> {
    return this.#streams.exit
  }

  /** Whether no more output is to come, though it may not be known yet how the script ended. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** Hands the output to another consumer, which must not be left without a byte for too long. */
  consume(timeout: number, code: CgiErrorCode, consumer: OutputConsumer): void {
    const { failure } = this
    this.#consumer = consumer
    if (failure !== undefined) {
      this.#tell((each) => each.fail(failure))
    } else if (this.#hasOutputEnded) {
      this.#tell((each) => each.end(this.exited))
    } else {
      clearTimeout(this.#idleTimer)
      this.#idleTimer = this.#deadline(timeout, code)
    }
  }

  /**
   * Lets the script go on to its end, its output unheard; within bounds, since nobody waits for it any
   * more: not for longer than `bodyTimeout`, nor with more output than anybody sends in earnest.
   */
  discard(): void {
    let discarded = 0
    this.#ignore((chunk) => {
      discarded += chunk.length
      if (discarded <= MOST_DISCARDED) return
      const reason = `nobody has heard the last ${discarded} bytes of its output`
      this.fail(new CgiError('CGI_ERR_BODY_TIMEOUT', { reason }))
    })
  }

  data(chunk: Buffer): void {
    this.bytesOut += chunk.length
    this.#consumer?.data(chunk)
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    if (this.exited !== undefined) this.#endOutput(this.exited)
    // Undefined where the script has only closed its output and goes on.
    else void waitFor(this.#streams.exit, EXIT_GRACE).then((exit) => this.#endOutput(exit))
  }

  error(cause: Error): void {
    this.fail(new CgiError('CGI_ERR_NO_RESPONSE', { cause }))
  }

  /** Stops the script. Resolves when nothing of it is left. */
  async terminate(): Promise<void> {
    await this.#streams.terminate()
  }

  /** Says that something has moved: the script is not idle. */
  touch(): void {
    this.#idleTimer?.refresh()
  }

  /** Says that so much more of the request body has come. What is discarded moves nothing. */
  receive(bytes: number, isForScript: boolean): void {
    this.bytesIn += bytes
    if (isForScript) this.touch()
  }

  /** The client keeps the script waiting: ends both. */
  abandon(error: CgiError): void {
    this.isAbandoned = true
    this.fail(error)
  }

  /** The header is read: leaves the output to the next consumer. */
  release(): void {
    this.headerTime = performance.now() - this.#start
    this.#consumer = undefined
    this.pause()
  }

  pause(): void {
    this.#streams.stdout.pause()
  }

  resume(): void {
    this.#streams.stdout.resume()
  }

  /** Ends the run: the script is stopped, the consumer hears why. Only the first failure counts. */
  fail(error: CgiError): void {
    if (this.failure !== undefined) return
    this.failure = error.add({ ...this.#context.facts, ...this.exited })
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#requestTimer)
    clearTimeout(this.#lingerTimer)
    void this.#streams.terminate()
    this.#streams.stdout.destroy()
    this.#tell((consumer) => consumer.fail(error))
    if (this.exited !== undefined) this.#finish()
  }

  /** What follows from the client's leaving. A script whose input was cut short is always stopped. */
  disconnect(): void {
    const gone = new CgiError('CGI_ERR_CLIENT_GONE')
    // It has answered, and what it still does is no concern of the client's.
    if (this.#isDone()) return
    this.isAbandoned = true
    if (this.#settings.killOnDisconnect || !isReceived(this.#context.requestBody.content)) {
      this.fail(gone)
    } else {
      this.#tell((consumer) => consumer.fail(gone))
      // It may finish without its client, as long as it does something.
      this.#ignore(() => this.touch())
    }
  }

  /** Whether all has passed between script and client: what goes on is between script and time. */
  #isDone(): boolean {
    const isSent = this.#hasInputEnded && isReceived(this.#context.requestBody.content)
    return this.#hasOutputEnded && (this.exited !== undefined || isSent)
  }

  #ignore(data: (chunk: Buffer) => void): void {
    const fail = (): void => {
      this.isUnheard = true
    }
    const { bodyTimeout } = this.#settings
    this.consume(bodyTimeout, 'CGI_ERR_BODY_TIMEOUT', { data, end: () => {}, fail })
    this.resume()
  }

  #tell(say: (consumer: OutputConsumer) => void): void {
    const consumer = this.#consumer
    this.#consumer = undefined
    if (consumer !== undefined) say(consumer)
  }

  /** The script has ended; its output may not. */
  #leave(exit: ScriptExit): void {
    this.exited = exit
    clearTimeout(this.#requestTimer)
    if (this.#hasOutputEnded) {
      clearTimeout(this.#idleTimer)
    } else if (this.failure === undefined) {
      const lingering = { stdout: this.#streams.stdout, bytesOut: () => this.bytesOut }
      const { lingerTimeout } = this.#settings
      this.#lingerTimer = endLingering(lingering, lingerTimeout, () => this.end())
    }
    this.#observer?.exited()
    if (this.#hasOutputEnded || this.failure !== undefined) this.#finish()
  }

  #endOutput(exit: ScriptExit | undefined): void {
    if (this.failure !== undefined) return
    this.#hasOutputEnded = true
    clearTimeout(this.#lingerTimer)
    clearTimeout(this.#idleTimer)
    // The script may still be waiting for input that does not come.
    if (!this.#isDone()) {
      this.#idleTimer = this.#deadline(this.#settings.bodyTimeout, 'CGI_ERR_BODY_TIMEOUT')
    }
    this.#streams.stdout.destroy()
    this.#tell((consumer) => consumer.end(exit))
    if (this.exited !== undefined) this.#finish()
  }

  /** Script and output have ended, whichever was last. */
  #finish(): void {
    if (this.duration !== undefined) return
    this.duration = performance.now() - this.#start
    this.#observer?.ended()
  }

  #deadline(milliseconds: number, code: CgiErrorCode): NodeJS.Timeout | undefined {
    if (milliseconds === 0) return undefined
    return setTimeout(() => {
      if (code === 'CGI_ERR_BODY_TIMEOUT' && this.#isDone()) return
      const isClients =
        code === 'CGI_ERR_HEADERS_TIMEOUT' && isStalled(this.#context.requestBody.content)
      const reason = `after ${milliseconds} ms`
      this.fail(new CgiError(isClients ? 'CGI_ERR_BODY_STALLED' : code, { reason }))
    }, milliseconds)
  }
}
