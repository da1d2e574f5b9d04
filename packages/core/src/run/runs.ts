import { CgiError } from '../data/cgi-error.js'
import { Limiter, type Release } from './limiter.js'
import { loggerOf } from '../data/logger.js'
import type { CgiRequest, ClientSignal } from '../data/message.js'
import { isReceived, isStream } from '../body/content.js'
import { closeRequestBody } from '../body/request-body.js'
import { type CgiStats, RunDiagnostics } from './diagnostics.js'
import { ScriptRun } from './run.js'
import type { Settings } from '../options/settings.js'
import type { StandardErrorTail } from './standard-error-tail.js'
import { createStandardErrorLog, type StandardErrorLog } from './standard-error-log.js'
import { StartAttempt, type StartLimit } from '../body/start-attempt.js'
import { startTicking, stopTicking } from '../data/ticker.js'
import type { RequestBody, ScriptCall, ScriptStreams, Transport } from '../transport/transport.js'
import { readStandardError } from './standard-error-reader.js'
import { UploadRate } from './upload-rate.js'

/** What a run is started with. */
export interface RunCall extends Pick<ScriptCall, 'script' | 'args'> {
  readonly request: CgiRequest
  /** Asks the application what it has to say of the request; undefined where it has nothing to say. */
  readonly consult: (() => Promise<void>) | undefined
  /** Whether the request body is received before the script starts. */
  readonly isSpooled: boolean
  /** Makes the request body ready; what still waits for the client gives up when the signal is aborted. */
  readonly openBody: (signal: ClientSignal) => Promise<RequestBody>
  /** Makes the environment, when there is a slot. */
  readonly environment: (body: RequestBody) => ScriptCall['environment']
  /** Takes what the script writes to its standard error, beside the log. */
  readonly standardError: StandardErrorTail | undefined
}

/** All scripts that run, and the door they come in by. */
export class ScriptRuns {
  readonly #settings: Settings<never>
  readonly #transport: Transport
  readonly #limiter: Limiter
  /** Not a Set: V8 keeps a table that has been replaced, and all that was in it, until a full collection. */
  readonly #running: ScriptRun[] = []
  /** Requests that are to have a script. */
  readonly #attempts: StartAttempt[] = []
  /** To be called when none is left, once no more are started. */
  #whenNoneLeft: (() => void) | undefined
  /** Of scripts that have failed: something of them may be left after they have ended. */
  readonly #terminations = new Set<Promise<void>>()
  readonly #diagnostics = new RunDiagnostics()
  #closed: Promise<void> | undefined

  constructor(settings: Settings<never>, transport: Transport) {
    this.#settings = settings
    this.#transport = transport
    this.#limiter = new Limiter(settings)
  }

  /**
   * Waits for all that a script needs, for a slot at last, and starts it. A body that is received first has
   * a place in the queue meanwhile, and no slot: what is stored is bounded as the queue is, and a client
   * that sends slowly keeps no script from its start.
   *
   * @throws {CgiError} what the limiter, the transport and the parts of the call throw; CGI_ERR_CLOSED,
   *   CGI_ERR_CLIENT_GONE, CGI_ERR_HEADERS_TIMEOUT, CGI_ERR_REQUEST_TIMEOUT
   */
  async start(call: RunCall): Promise<ScriptRun> {
    const { request } = call
    const script = call.script.file
    const attempt = new StartAttempt(request.signal)
    this.#attempts.push(attempt)
    let place: Release | undefined
    let release: Release | undefined
    try {
      this.#checkOpen()
      if (call.consult !== undefined) {
        const limit = this.#headersLimit('`authenticate` or `env` has not come to an end')
        await attempt.until(call.consult(), () => {}, limit)
      }
      if (call.isSpooled) place = this.#limiter.reserve()
      const opening = call.openBody(attempt.signal)
      const body = await attempt.until(opening, (late) => void closeRequestBody(late))
      const asked = performance.now()
      try {
        const tell = (): void => this.#diagnostics.wait({ script, request })
        release = await this.#limiter.acquire(attempt.signal, tell, place)
        this.#checkOpen()
        if (request.signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
      } catch (error) {
        void closeRequestBody(body)
        throw error
      }
      return await this.#start(call, body, attempt, release, performance.now() - asked)
    } catch (error) {
      release?.()
      if (error instanceof CgiError) {
        error.add({ script })
        this.#diagnostics.countUnstarted(error)
      }
      throw error
    } finally {
      place?.()
      attempt.end()
      this.#attempts.splice(this.#attempts.indexOf(attempt), 1)
      this.#checkLeft()
    }
  }

  /** What the runs have come to. */
  stats(): CgiStats {
    const { running, queued } = this.#limiter
    return this.#diagnostics.stats({ running, queued })
  }

  /** Starts no more; stops what still runs after `closeTimeout`. Resolves when all have ended. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    this.#limiter.close()
    const timer = setTimeout(() => {
      for (const each of [...this.#attempts, ...this.#running]) {
        each.fail(new CgiError('CGI_ERR_CLOSED'))
      }
    }, this.#settings.closeTimeout)
    await new Promise<void>((resolve) => {
      this.#whenNoneLeft = resolve
      this.#checkLeft()
    })
    clearTimeout(timer)
    await Promise.all(this.#terminations)
    await this.#transport.close()
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new CgiError('CGI_ERR_CLOSED')
  }

  #checkLeft(): void {
    if (this.#attempts.length + this.#running.length === 0) this.#whenNoneLeft?.()
  }

  async #start(
    call: RunCall,
    body: RequestBody,
    attempt: StartAttempt,
    release: Release,
    queueTime: number,
  ): Promise<ScriptRun> {
    const { request } = call
    const { signal } = request
    const script = call.script.file
    const opening = this.#open(call, body, attempt.signal)
    let streams: ScriptStreams
    try {
      streams = await attempt.until(opening, () => {}, this.#startLimit())
    } catch (error) {
      // A start that still goes on may hand the body over.
      void opening.then(endLate, () => {}).then(() => closeRequestBody(body))
      throw error
    }
    const { pid } = streams
    /** Loggers have a `pid` of their own, which is the application's. */
    const facts = pid === undefined ? { script } : { script, scriptPid: pid }
    const run = new ScriptRun(streams, this.#settings, {
      facts: { script, pid },
      requestBody: body,
    })
    const standardErrorEnd = this.#readStandardError(streams, call, facts)
    this.#running.push(run)
    const end = this.#diagnostics.start({ script, pid, request, queueTime, standardErrorEnd }, run)

    const rate = this.#watchUpload(run, body.content, (reason) => {
      const message = 'a client that is too slow was cut off'
      loggerOf(request, this.#settings).warn({ ...facts, reason }, message)
    })
    const leave = (): void => run.disconnect()
    signal.addEventListener('abort', leave)
    run.observe({
      exited: () => {
        this.#running.splice(this.#running.indexOf(run), 1)
        release()
        if (rate !== undefined) stopTicking(rate)
        signal.removeEventListener('abort', leave)
        this.#checkLeft()
        void closeRequestBody(body)
      },
      ended: () => {
        end()
        // Also where the script had ended before, and what it left behind went on.
        if (run.failure !== undefined) this.#awaitTermination(run)
        // A failure that somebody has heard of is told by whoever did.
        if (run.failure === undefined ? run.exited?.exitCode === 0 : !run.isUnheard) return
        const told = { ...facts, ...run.exited, reason: run.failure?.reason }
        loggerOf(request, this.#settings).warn(told, 'the script did not end well')
      },
    })
    if (signal.aborted) leave()
    return run
  }

  #watchUpload(
    run: ScriptRun,
    content: RequestBody['content'],
    tell: (reason: string) => void,
  ): UploadRate | undefined {
    const { minRate } = this.#settings
    if (minRate === 0 || !isStream(content) || isReceived(content)) return undefined
    const rate = new UploadRate(content, {
      minRate,
      received: () => run.bytesIn,
      onSlow() {
        const reason = `it sends less than ${minRate} bytes a second`
        tell(reason)
        run.abandon(new CgiError('CGI_ERR_CLIENT_TOO_SLOW', { reason }))
      },
    })
    startTicking(rate)
    return rate
  }

  /** Not to throw at once: whatever fails is the failure of the start. */
  async #open(
    { script, args, environment }: RunCall,
    body: RequestBody,
    signal: ClientSignal,
  ): Promise<ScriptStreams> {
    return this.#transport.open({ script, args, environment: environment(body), body, signal })
  }

  async #readStandardError(
    { stderr, exit }: ScriptStreams,
    { request, standardError: tail }: RunCall,
    facts: object,
  ): Promise<void> {
    /** Most scripts write nothing there. */
    let log: StandardErrorLog | undefined
    if (stderr !== null) {
      await readStandardError(stderr, {
        exit,
        lingerTimeout: this.#settings.lingerTimeout,
        write: (chunk) => {
          log ??= createStandardErrorLog(loggerOf(request, this.#settings), facts)
          log.write(chunk)
          tail?.write(chunk)
        },
      })
    }
    log?.end()
    tail?.end()
  }

  /** What bounds a start: whichever of the two limits is the shorter. */
  #startLimit(): StartLimit {
    const { headersTimeout, requestTimeout } = this.#settings
    const limit = this.#headersLimit('the script has not started')
    const isShorter =
      requestTimeout > 0 && (headersTimeout === 0 || requestTimeout < headersTimeout)
    if (!isShorter) return limit
    return { ...limit, milliseconds: requestTimeout, code: 'CGI_ERR_REQUEST_TIMEOUT' }
  }

  #headersLimit(what: string): StartLimit {
    return { milliseconds: this.#settings.headersTimeout, code: 'CGI_ERR_HEADERS_TIMEOUT', what }
  }

  #awaitTermination(run: ScriptRun): void {
    const termination = run.terminate()
    this.#terminations.add(termination)
    void termination.then(() => this.#terminations.delete(termination))
  }
}

/** Ends a script that has started when its request was over. */
function endLate(streams: ScriptStreams): void {
  streams.stdin?.on('error', () => {}).destroy()
  streams.stdout.destroy()
  streams.stderr?.destroy()
  void streams.terminate()
}
