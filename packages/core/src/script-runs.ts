import { CgiError } from './errors.js'
import { Limiter, type Release } from './limiter.js'
import { guardLogger } from './logger.js'
import type { CgiRequest } from './message.js'
import { closeRequestBody } from './request-body.js'
import { type CgiStats, RunDiagnostics } from './run-diagnostics.js'
import { ScriptRun } from './script-run.js'
import type { Settings } from './settings.js'
import type { StandardErrorTail } from './standard-error-tail.js'
import { createStandardErrorLog, type StandardErrorLog } from './standard-error-log.js'
import type { ScriptCall, Transport } from './transport.js'

/** What a run is started with. */
export interface RunCall extends Pick<ScriptCall, 'command' | 'cwd' | 'body'> {
  /** Makes the environment, when there is a slot. */
  readonly environment: () => ScriptCall['environment']
  /** Absolute path of the script, for the log. */
  readonly script: string
  readonly request: CgiRequest
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
  /** How many are being started. */
  #starting = 0
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
   * Waits for a slot and starts a script. The request body is the run's from here on: it is closed when
   * the script has ended, or was not started.
   *
   * @throws {CgiError} what the limiter and the transport throw; CGI_ERR_CLOSED
   */
  async start(call: RunCall): Promise<ScriptRun> {
    const { script, request } = call
    let release: Release | undefined
    this.#starting += 1
    try {
      this.#checkOpen()
      const asked = performance.now()
      const tell = (): void => this.#diagnostics.wait({ script, request })
      release = await this.#limiter.acquire(request.signal, tell)
      const queueTime = performance.now() - asked
      this.#checkOpen()
      if (request.signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
      return await this.#start(call, queueTime, release)
    } catch (error) {
      release?.()
      await closeRequestBody(call.body)
      if (error instanceof CgiError) {
        error.add({ script })
        this.#diagnostics.countUnstarted(error)
      }
      throw error
    } finally {
      this.#starting -= 1
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
      for (const run of this.#running.slice()) run.fail(new CgiError('CGI_ERR_CLOSED'))
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
    if (this.#starting + this.#running.length === 0) this.#whenNoneLeft?.()
  }

  async #start(call: RunCall, queueTime: number, release: Release): Promise<ScriptRun> {
    const { script, request, body } = call
    const { signal } = request
    const { logger } = request
    const guarded = logger === undefined ? this.#settings.logger : guardLogger(logger)
    /** Loggers have a `pid` of their own, which is the host's. */
    const facts: { script: string; scriptPid?: number } = { script }
    /** Most scripts write nothing there. */
    let standardError: StandardErrorLog | undefined
    /** What befalls the request body before there is a run is told to the run as it begins. */
    const early: { run?: ScriptRun; bytes: number; failure?: CgiError } = { bytes: 0 }
    const output = await this.#transport.send({
      command: call.command,
      cwd: call.cwd,
      environment: call.environment(),
      body,
      bodyLimit: this.#settings.bodyLimit,
      bodyObserver: {
        progress: (bytes) => {
          if (early.run === undefined) early.bytes += bytes
          else early.run.receive(bytes)
        },
        fail: (error) => {
          early.failure = error
          early.run?.fail(error)
        },
      },
      onStandardError: (chunk) => {
        standardError ??= createStandardErrorLog(guarded, facts)
        standardError.write(chunk)
        call.standardError?.write(chunk)
      },
    })
    const standardErrorEnd = output.standardErrorEnd.then(() => {
      standardError?.end()
      call.standardError?.end()
    })
    const { pid } = output
    if (pid !== undefined) facts.scriptPid = pid
    const context = { facts: { script, pid }, requestBody: body }
    const run = new ScriptRun(output, this.#settings, context)
    early.run = run
    run.receive(early.bytes)
    this.#running.push(run)
    const end = this.#diagnostics.start({ script, pid, request, queueTime, standardErrorEnd }, run)

    const leave = (): void => run.disconnect()
    signal.addEventListener('abort', leave)
    run.observe({
      exited: () => {
        this.#running.splice(this.#running.indexOf(run), 1)
        release()
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
        const reason = run.failure?.reason
        guarded.warn({ ...facts, ...run.exited, reason }, 'the script did not end well')
      },
    })
    if (early.failure !== undefined) run.fail(early.failure)
    else if (signal.aborted) leave()
    return run
  }

  #awaitTermination(run: ScriptRun): void {
    const termination = run.terminate()
    this.#terminations.add(termination)
    void termination.then(() => this.#terminations.delete(termination))
  }
}
