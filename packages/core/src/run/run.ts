import { CgiError, type CgiErrorCode, toCgiError } from '../data/cgi-error.js'
import { isStream } from '../body/content.js'
import type { BodyObserver } from '../body/input.js'
import type { Settings } from '../options/settings.js'
import type { OutputReader } from '../transport/output.js'
import type { RequestBody, ScriptExit, ScriptStreams } from '../transport/transport.js'
import { RunClocks } from './clocks.js'
import { DiscardingConsumer, type OutputConsumer } from './output-consumer.js'
import type { RunRecord } from './record.js'
import { RunInput } from './run-input.js'
import type { StandardError } from './standard-error.js'
import type { RunState } from './state.js'

/** The settings that limit a run. */
export type RunSettings = Pick<
  Settings<never>,
  'bodyLimit' | 'bodyTimeout' | 'requestTimeout' | 'lingerTimeout' | 'killOnDisconnect'
>

/** Callbacks for the two ends of a run. */
export interface RunObserver {
  /** The script has exited. */
  exited(): void
  /** The script has exited and its output has ended, in either order. */
  ended(): void
}

/** What a run belongs to. */
export interface RunContext {
  readonly record: RunRecord
  readonly standardError: StandardError
  /** The body that the script may still be reading. */
  readonly requestBody: RequestBody
  readonly observer: RunObserver
}

/** The most output that is discarded, in bytes. */
const MOST_DISCARDED = 64 * 1024 * 1024

/**
 * One script from its start to its end. Its output goes to one consumer at a time: the header reader, then
 * the response body.
 */
export class ScriptRun implements OutputReader, BodyObserver {
  /** Filled in by the run. */
  readonly record: RunRecord
  readonly standardError: StandardError
  /** Whether the run failed without a consumer that reports it: its output was discarded, or had ended. */
  isFailureUnreported = false

  readonly #streams: ScriptStreams
  readonly #settings: RunSettings
  readonly #input: RunInput
  readonly #observer: RunObserver
  readonly #clocks = new RunClocks((code, milliseconds) => this.#expire(code, milliseconds))
  #state: RunState = 'running'
  #isPaused = true
  #exit: ScriptExit | undefined
  #consumer: OutputConsumer | undefined

  constructor(streams: ScriptStreams, settings: RunSettings, context: RunContext) {
    const { requestBody, observer } = context
    const { content, length = 0 } = requestBody
    const { stdin, stdout, exit } = streams
    this.#streams = streams
    this.#settings = settings
    this.#observer = observer
    this.record = context.record
    this.standardError = context.standardError
    // Other content than a stream has been received before.
    if (!isStream(content)) this.record.bytesIn = length
    if (stdin !== null) void exit.then(() => stdin.destroy())
    this.#input = new RunInput(content, stdin, settings.bodyLimit, this)
    this.#clocks.startRequest(settings.requestTimeout)
    stdout.readBy(this)
    void exit.then((ended) => this.#endScript(ended))
  }

  /** Why the run failed; undefined if it did not. */
  get failure(): CgiError | undefined {
    return this.record.error
  }

  /** Resolves when the script takes no more of its input. */
  get inputEnd(): Promise<void> {
    return this.#input.end
  }

  /** Resolves when the script has exited; never rejects. */
  get exit(): Promise<ScriptExit> {
    return this.#streams.exit
  }

  /** Whether no more output will come, though the exit may not be known yet. */
  get isOutputOver(): boolean {
    return this.#state !== 'running' && this.#state !== 'lingering'
  }

  /** Whether the output is paused; it is until the first `resume()`. */
  get isPaused(): boolean {
    return this.#isPaused
  }

  get bytesOut(): number {
    return this.record.bytesOut
  }

  /**
   * Hands the output to another consumer.
   *
   * @param timeout - how long it may wait without a byte, in milliseconds; 0: no limit.
   * @param code - the failure after that.
   */
  consume(timeout: number, code: CgiErrorCode, consumer: OutputConsumer): void {
    const { failure } = this
    if (failure !== undefined) {
      consumer.fail(failure)
    } else if (this.#state === 'closed' || this.#state === 'over') {
      consumer.end(this.#exit)
    } else {
      this.#consumer = consumer
      this.#clocks.startIdle(timeout, code)
    }
  }

  /** Discards the rest of the output, limited by `bodyTimeout` and MOST_DISCARDED. */
  discard(): void {
    this.#discardBy((discarded) => {
      if (discarded <= MOST_DISCARDED) return
      const reason = `more than ${MOST_DISCARDED} bytes of its output were discarded`
      this.fail(new CgiError('CGI_ERR_BODY_TIMEOUT', { reason }))
    })
  }

  data(chunk: Buffer): void {
    this.record.bytesOut += chunk.length
    this.#consumer?.data(chunk)
  }

  end(): void {
    if (this.isOutputOver) return
    this.#state = 'ending'
    if (this.#exit !== undefined) this.#endOutput()
    else this.#clocks.startExit(() => this.#endOutput())
  }

  error(cause: Error): void {
    this.fail(toCgiError(cause))
  }

  /** Stops the script. Resolves when none of its processes is left. */
  async terminate(): Promise<void> {
    await this.#streams.terminate(this.failure)
  }

  /** Restarts the idle clock: the request has made progress. */
  touch(): void {
    this.#clocks.touch()
  }

  /** Counts bytes of the request body. Discarded bytes are no progress. */
  receive(bytes: number, isForScript: boolean): void {
    this.record.bytesIn += bytes
    if (isForScript) this.touch()
  }

  /** Ends the run because its client keeps the script waiting. */
  abandon(error: CgiError): void {
    this.record.isAbandoned = true
    this.fail(error)
  }

  /** Ends the header: pauses the output until the next consumer. */
  release(): void {
    this.record.headerTime = this.record.age
    this.#locate()
    this.#consumer = undefined
    this.pause()
  }

  pause(): void {
    this.#isPaused = true
    this.#streams.stdout.pause()
  }

  resume(): void {
    this.#isPaused = false
    this.#streams.stdout.resume()
  }

  /** Stops the script and passes the error to the consumer. Later failures are ignored. */
  fail(error: CgiError): void {
    const { record } = this
    if (record.error !== undefined) return
    this.#locate()
    const { script, pid, upstream } = record
    record.error = error.add({ script, pid, upstream, ...this.#exit })
    if (this.#state !== 'over') this.#state = 'stopping'
    this.#clocks.stop()
    void this.#streams.terminate(error)
    this.#streams.stdout.destroy()
    this.#takeConsumer()?.fail(error)
    if (this.#exit !== undefined) this.#finish()
  }

  /** The client has disconnected. A script whose input was cut off is stopped by any settings. */
  disconnect(): void {
    if (this.#isSettled()) return
    const error = new CgiError('CGI_ERR_CLIENT_GONE')
    this.record.isAbandoned = true
    if (this.#settings.killOnDisconnect || !this.#input.isReceived) {
      this.fail(error)
    } else {
      this.#takeConsumer()?.fail(error)
      // The script may finish as long as it makes progress.
      this.#discardBy(() => this.touch())
    }
  }

  /** A transport may send a request once more, to another server. */
  #locate(): void {
    const { pid, upstream } = this.#streams
    this.record.pid = pid
    this.record.upstream = upstream
  }

  /** Whether the client has no part in the run any more: it has the whole answer, or the failure. */
  #isSettled(): boolean {
    if (this.failure !== undefined || this.#state === 'over') return true
    if (this.#state !== 'closed') return false
    return this.#exit !== undefined || this.#input.isSent
  }

  #discardBy(progress: (discarded: number) => void): void {
    const consumer = new DiscardingConsumer(progress, () => {
      this.isFailureUnreported = true
    })
    this.consume(this.#settings.bodyTimeout, 'CGI_ERR_BODY_TIMEOUT', consumer)
    this.resume()
  }

  #takeConsumer(): OutputConsumer | undefined {
    const consumer = this.#consumer
    this.#consumer = undefined
    return consumer
  }

  #endScript(exit: ScriptExit): void {
    const { record } = this
    this.#exit = exit
    record.exitCode = exit.exitCode
    record.signal = exit.signal
    this.#locate()
    this.#clocks.stopAtExit()
    if (this.#state === 'running') this.#linger()
    this.#observer.exited()
    if (this.#state === 'ending') this.#endOutput()
    else if (this.#state !== 'lingering') this.#finish()
  }

  /** A background child may hold the output open. */
  #linger(): void {
    this.#state = 'lingering'
    this.#clocks.startLinger(this, this.#settings.lingerTimeout)
  }

  /** Delivers the end of the output. */
  #endOutput(): void {
    if (this.#state !== 'ending') return
    this.#state = 'closed'
    this.#clocks.stopAtOutputEnd()
    // The script may still wait for input.
    if (!this.#isSettled()) {
      this.#clocks.startIdle(this.#settings.bodyTimeout, 'CGI_ERR_BODY_TIMEOUT')
    }
    this.#streams.stdout.destroy()
    this.#takeConsumer()?.end(this.#exit)
    if (this.#exit !== undefined) this.#finish()
  }

  #finish(): void {
    if (this.#state === 'over') return
    this.#state = 'over'
    this.#clocks.stop()
    this.record.duration = this.record.age
    this.#observer.ended()
  }

  #expire(code: CgiErrorCode, milliseconds: number): void {
    if (code === 'CGI_ERR_BODY_TIMEOUT' && this.#isSettled()) return
    const isClients = code === 'CGI_ERR_HEADERS_TIMEOUT' && this.#input.isStalled
    const reason = `after ${milliseconds} ms`
    // The consumer has had its end.
    if (this.#state === 'closed') this.isFailureUnreported = true
    this.fail(new CgiError(isClients ? 'CGI_ERR_BODY_STALLED' : code, { reason }))
  }
}
