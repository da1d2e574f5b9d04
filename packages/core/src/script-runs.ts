import { CgiError } from './errors.js'
import { Limiter } from './limiter.js'
import type { CgiRequest } from './message.js'
import { closeRequestBody } from './request-body.js'
import { type CgiStats, RunDiagnostics } from './run-diagnostics.js'
import { ScriptRun } from './script-run.js'
import type { Settings } from './settings.js'
import type { StandardErrorTail } from './standard-error-tail.js'
import { createStandardErrorLog } from './standard-error-log.js'
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
  readonly #running = new Set<ScriptRun>()
  readonly #starting = new Set<Promise<ScriptRun>>()
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
    try {
      this.#checkOpen()
      const asked = performance.now()
      const { script, request } = call
      const tell = (): void => this.#diagnostics.wait({ script, request })
      const release = await this.#limiter.acquire(request.signal, tell)
      const queueTime = performance.now() - asked
      try {
        this.#checkOpen()
        if (call.request.signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
        return await this.#launch(call, queueTime, release)
      } catch (error) {
        release()
        throw error
      }
    } catch (error) {
      await closeRequestBody(call.body)
      if (error instanceof CgiError) {
        error.add({ script: call.script })
        this.#diagnostics.countUnstarted(error)
      }
      throw error
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
      for (const run of this.#running) run.fail(new CgiError('CGI_ERR_CLOSED'))
    }, this.#settings.closeTimeout)
    // Those that are being started when it is closed are in the next round.
    while (this.#starting.size + this.#running.size > 0) {
      await Promise.allSettled([...this.#starting, ...[...this.#running].map((run) => run.exit)])
    }
    clearTimeout(timer)
    await Promise.all(this.#terminations)
    await this.#transport.close()
  }

  #checkOpen(): void {
    if (this.#closed !== undefined) throw new CgiError('CGI_ERR_CLOSED')
  }

  async #launch(call: RunCall, queueTime: number, release: () => void): Promise<ScriptRun> {
    const starting = this.#start(call, queueTime, release)
    this.#starting.add(starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(starting)
    }
  }

  async #start(call: RunCall, queueTime: number, release: () => void): Promise<ScriptRun> {
    const { script, request, body } = call
    const logger = request.logger ?? this.#settings.logger
    const facts: { script: string; pid?: number } = { script }
    const standardError = createStandardErrorLog(logger, facts)
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
        standardError.write(chunk)
        call.standardError?.write(chunk)
      },
    })
    const standardErrorEnd = output.standardErrorEnd.then(() => {
      standardError.end()
      call.standardError?.end()
    })
    if (output.pid !== undefined) facts.pid = output.pid
    const run = new ScriptRun(output, this.#settings, { facts, requestBody: body })
    early.run = run
    run.receive(early.bytes)
    this.#running.add(run)
    const { pid } = output
    const start = { script, pid, request, queueTime, standardErrorEnd }
    const end = this.#diagnostics.start(start, run)

    const leave = run.disconnect.bind(run)
    call.request.signal.addEventListener('abort', leave)
    if (early.failure !== undefined) run.fail(early.failure)
    else if (call.request.signal.aborted) leave()

    const { exit } = run
    void exit.then(() => {
      this.#running.delete(run)
      release()
      call.request.signal.removeEventListener('abort', leave)
      if (run.failure !== undefined) this.#awaitTermination(run)
      return closeRequestBody(body)
    })
    void Promise.all([exit, run.outputEnd]).then(([{ exitCode, signal }]) => {
      end()
      // A failure that somebody has heard of is told by whoever did.
      if (run.failure === undefined ? exitCode === 0 : !run.isUnheard) return
      const reason = run.failure?.reason
      logger.warn({ ...facts, exitCode, signal, reason }, 'the script did not end well')
    })
    return run
  }

  #awaitTermination(run: ScriptRun): void {
    const termination = run.terminate()
    this.#terminations.add(termination)
    void termination.then(() => this.#terminations.delete(termination))
  }
}
