import { CgiError } from './errors.js'
import { Limiter } from './limiter.js'
import type { CgiLogger } from './logger.js'
import { closeRequestBody } from './request-body.js'
import { ScriptRun } from './script-run.js'
import type { Settings } from './settings.js'
import { createStandardErrorLog } from './standard-error-log.js'
import type { ScriptCall, Transport } from './transport.js'

/** What a run is started with. */
export interface RunCall extends Pick<ScriptCall, 'command' | 'cwd' | 'body'> {
  /** Makes the environment, when there is a slot. */
  readonly environment: () => ScriptCall['environment']
  /** Absolute path of the script, for the log. */
  readonly script: string
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal
  readonly logger: CgiLogger
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
      const release = await this.#limiter.acquire(call.signal)
      try {
        this.#checkOpen()
        if (call.signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
        return await this.#launch(call, release)
      } catch (error) {
        release()
        throw error
      }
    } catch (error) {
      await closeRequestBody(call.body)
      if (error instanceof CgiError) error.add({ script: call.script })
      throw error
    }
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

  async #launch(call: RunCall, release: () => void): Promise<ScriptRun> {
    const starting = this.#start(call, release)
    this.#starting.add(starting)
    try {
      return await starting
    } finally {
      this.#starting.delete(starting)
    }
  }

  async #start(call: RunCall, release: () => void): Promise<ScriptRun> {
    const facts: { script: string; pid?: number } = { script: call.script }
    const standardError = createStandardErrorLog(call.logger, facts)
    /** What befalls the request body before there is a run is told to the run as it begins. */
    const started: { run?: ScriptRun; failure?: CgiError } = {}
    const output = await this.#transport.send({
      command: call.command,
      cwd: call.cwd,
      environment: call.environment(),
      body: call.body,
      bodyLimit: this.#settings.bodyLimit,
      bodyObserver: {
        progress: () => started.run?.touch(),
        fail: (error) => {
          started.failure = error
          started.run?.fail(error)
        },
      },
      onStandardError: (chunk) => standardError.write(chunk),
    })
    if (output.pid !== undefined) facts.pid = output.pid
    const run = new ScriptRun(output, this.#settings, { facts, requestBody: call.body.content })
    started.run = run
    this.#running.add(run)

    const leave = run.disconnect.bind(run)
    call.signal.addEventListener('abort', leave)
    if (started.failure !== undefined) run.fail(started.failure)
    else if (call.signal.aborted) leave()

    const { exit } = run
    void exit.then(() => {
      this.#running.delete(run)
      release()
      call.signal.removeEventListener('abort', leave)
      standardError.end()
      if (run.failure !== undefined) this.#awaitTermination(run)
      return closeRequestBody(call.body)
    })
    void Promise.all([exit, run.outputEnd]).then(([{ exitCode, signal }]) => {
      // A failure that somebody has heard of is told by whoever did.
      if (run.failure === undefined ? exitCode === 0 : !run.isUnheard) return
      const reason = run.failure?.reason
      call.logger.warn({ ...facts, exitCode, signal, reason }, 'the script did not end well')
    })
    return run
  }

  #awaitTermination(run: ScriptRun): void {
    const termination = run.terminate()
    this.#terminations.add(termination)
    void termination.then(() => this.#terminations.delete(termination))
  }
}
