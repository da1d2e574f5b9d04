import { CgiError } from '../data/cgi-error.js'
import { loggerOf } from '../data/logger.js'
import type { CgiRequest, ClientSignal } from '../data/message.js'
import { closeRequestBody } from '../body/request-body.js'
import { StartAttempt } from '../data/start-attempt.js'
import type { Settings } from '../options/settings.js'
import type { Release } from '../transport/slots.js'
import type {
  CalledScript,
  RequestBody,
  ScriptCall,
  ScriptStreams,
  Transport,
} from '../transport/transport.js'
import { type CgiStats, RunDiagnostics } from './diagnostics.js'
import { LimitedTransport } from './limited-transport.js'
import { OpenRuns } from './open-runs.js'
import { QueueLength } from './queue-length.js'
import { RunRecord } from './record.js'
import { ScriptRun } from './run.js'
import { StandardError } from './standard-error.js'
import { headersLimit, startLimit } from './start-limits.js'
import { watchUpload } from './upload-rate.js'

/** The input of a run. */
export interface RunCall extends Pick<ScriptCall, 'args'> {
  readonly script: CalledScript & {
    /** Undefined: the transport of the gateway. */
    readonly transport?: Transport | undefined
  }
  readonly request: CgiRequest
  /** Calls the options of the application that are functions; undefined where there are none. */
  readonly consult: (() => Promise<void>) | undefined
  /** Whether the request body is received before the script starts. */
  readonly isSpooled: boolean
  /** Prepares the request body; ends when the signal is aborted. */
  readonly openBody: (signal: ClientSignal) => Promise<RequestBody>
  /** Creates the environment once the request has a slot. */
  readonly environment: (body: RequestBody) => ScriptCall['environment']
}

/** A call that is ready to start. */
interface ReadyCall {
  readonly call: RunCall
  readonly transport: Transport
  readonly body: RequestBody
  readonly attempt: StartAttempt
  /** Releases the slot. */
  readonly release: Release
  /** How long the request waited for the slot, in milliseconds. */
  readonly queueTime: number
}

/** Starts scripts within the concurrency limit of their transports and tracks the running ones. */
export class ScriptRuns {
  readonly #settings: Settings<never>
  /** Runs the scripts that have no other transport. */
  readonly #main: LimitedTransport
  /** Those of extensions. */
  readonly #others = new Map<Transport, LimitedTransport>()
  readonly #open = new OpenRuns()
  readonly #diagnostics = new RunDiagnostics()
  #closed: Promise<void> | undefined

  /** @param transport - runs the scripts that have no other transport. */
  constructor(settings: Settings<never>, transport: Transport) {
    this.#settings = settings
    const queue = new QueueLength()
    this.#main = new LimitedTransport(transport, settings, queue)
    for (const other of settings.transports) {
      if (other !== transport) this.#others.set(other, new LimitedTransport(other, settings, queue))
    }
  }

  /**
   * Waits for the body and a slot, and starts the script. While a body is spooled, the request has a place in
   * the queue and no slot: `maxQueue` limits the stored bodies, and a slow client keeps no slot.
   *
   * @throws {CgiError} the errors of the limiter, the transport and the parts of the call; CGI_ERR_CLOSED,
   *   CGI_ERR_CLIENT_GONE, CGI_ERR_HEADERS_TIMEOUT, CGI_ERR_REQUEST_TIMEOUT
   */
  async start(call: RunCall): Promise<ScriptRun> {
    const { request } = call
    const script = call.script.file
    const { transport, limiter } = this.#limited(call.script.transport)
    const attempt = new StartAttempt(request.signal)
    this.#open.add(attempt)
    let place: Release | undefined
    let release: Release | undefined
    try {
      this.#checkOpen()
      if (call.consult !== undefined) {
        const what = '`authenticate` or `env` has not settled'
        await attempt.until(call.consult(), () => {}, headersLimit(this.#settings, what))
      }
      if (call.isSpooled) place = limiter.reserve()
      const opening = call.openBody(attempt.signal)
      const body = await attempt.until(opening, (late) => void closeRequestBody(late))
      const waitStart = performance.now()
      try {
        const onWait = (): void => this.#diagnostics.wait({ script, request })
        release = await limiter.acquire(attempt.signal, onWait, place)
        this.#checkOpen()
        if (request.signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
      } catch (error) {
        void closeRequestBody(body)
        throw error
      }
      const queueTime = performance.now() - waitStart
      return await this.#start({ call, transport, body, attempt, release, queueTime })
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
      this.#open.delete(attempt)
    }
  }

  /** Counts of the runs so far. */
  stats(): CgiStats {
    const transports = [this.#main, ...this.#others.values()]
    const upstreams = transports.flatMap(({ transport }) => transport.stats?.() ?? [])
    const running = transports.reduce((sum, { limiter }) => sum + limiter.running, 0)
    const { queued } = this.#main.limiter
    return {
      ...this.#diagnostics.stats({ running, queued }),
      ...(upstreams.length > 0 && { upstreams }),
    }
  }

  /** Starts no more; stops the running scripts after `closeTimeout`. Resolves when all have ended. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const transports = [this.#main, ...this.#others.values()]
    for (const { limiter } of transports) limiter.close()
    await this.#open.close(this.#settings.closeTimeout)
    await Promise.all(transports.map(({ transport }) => transport.close()))
  }

  #limited(transport: Transport | undefined): LimitedTransport {
    return (transport && this.#others.get(transport)) ?? this.#main
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new CgiError('CGI_ERR_CLOSED')
  }

  async #start(ready: ReadyCall): Promise<ScriptRun> {
    // The run, which may last for hours, refers to these, and not to the call with what has been made for it.
    const { body, release, queueTime } = ready
    const { request, script } = ready.call
    const { signal } = request
    const streams = await this.#openStreams(ready)
    const record = new RunRecord({
      script: script.file,
      scriptName: script.scriptName,
      pathInfo: script.pathInfo,
      pid: streams.pid,
      upstream: streams.upstream,
      isWarm: streams.isWarm,
      plainReason: streams.plainReason,
      request,
      queueTime,
    })
    const standardError = new StandardError(record, this.#settings)
    const run = new ScriptRun(streams, this.#settings, {
      record,
      standardError,
      requestBody: body,
      observer: {
        exited: () => {
          this.#open.delete(run)
          release()
          stopUpload?.()
          signal.removeEventListener('abort', disconnect)
          void closeRequestBody(body)
        },
        ended: () => this.#end(run),
      },
    })
    record.standardErrorEnd = standardError.read(streams)
    this.#open.add(run)
    this.#diagnostics.start(record)
    request.started?.(record)
    const stopUpload = watchUpload(body.content, {
      minRate: this.#settings.minRate,
      received: () => record.bytesIn,
      onSlow: (reason) => {
        const message = 'the connection of a client that is too slow was closed'
        loggerOf(request, this.#settings).warn({ ...record.logFacts, reason }, message)
        run.abandon(new CgiError('CGI_ERR_CLIENT_TOO_SLOW', { reason }))
      },
    })
    const disconnect = (): void => run.disconnect()
    signal.addEventListener('abort', disconnect)
    if (signal.aborted) disconnect()
    return run
  }

  async #openStreams({
    call,
    transport,
    body,
    attempt,
    queueTime,
  }: ReadyCall): Promise<ScriptStreams> {
    const { script, args, environment } = call
    const { signal } = attempt
    // Async, so that an error thrown by `environment` is a rejection as well.
    const open = async (): Promise<ScriptStreams> =>
      transport.open({ script, args, environment: environment(body), body, queueTime, signal })
    const opening = open()
    try {
      return await attempt.until(opening, () => {}, startLimit(this.#settings))
    } catch (error) {
      // The transport may pass the body to a script until `open()` has ended.
      void opening.then(stopLate, () => {}).then(() => closeRequestBody(body))
      throw error
    }
  }

  /** A script and its output have ended. */
  #end(run: ScriptRun): void {
    const { record } = run
    this.#diagnostics.end(record)
    const { request, error, exitCode, signal } = record
    // Also after the script has exited: its children may go on.
    if (error !== undefined) this.#open.addTermination(run.terminate())
    const isReported = error === undefined ? exitCode === 0 : !run.isFailureUnreported
    if (isReported) return
    const facts = { ...record.logFacts, exitCode, signal, reason: error?.reason }
    loggerOf(request, this.#settings).warn(facts, 'the script ended abnormally')
  }
}

/** Stops a script that has started after the end of its request. */
function stopLate(streams: ScriptStreams): void {
  streams.stdin?.on('error', () => {}).destroy()
  streams.stdout.destroy()
  streams.stderr?.destroy()
  void streams.terminate()
}
