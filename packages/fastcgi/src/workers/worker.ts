import {
  CgiError,
  type ClientSignal,
  type CgiLogger,
  type ScriptExit,
} from '@common-gateway/core/transport'
import type { Address } from '../connection/address.js'
import { hasOwnSocket } from './accepted-socket.js'
import type { ManagedWorker } from './managed-worker.js'
import type { RestartDelay } from './restart-delay.js'
import { WorkerProcess, type WorkerStart } from './worker-process.js'

/** How a worker is kept. */
export interface WorkerLife {
  /** A process is replaced after so many requests; 0: never. */
  readonly maxRequests: number
  /** A process that has had no request for so long is ended, in milliseconds; 0: never. */
  readonly idleTimeout: number
  readonly logger: CgiLogger
  /** That of the program: all workers run the same. */
  readonly restartDelay: RestartDelay
}

/** From SIGTERM to SIGKILL of a process without a request, in milliseconds. */
const KILL_TIMEOUT = 5_000
/** The most processes of a worker: one that runs, and one that is being ended. */
const MOST_PROCESSES = 2

/** A program that is started on demand, watched, and replaced. */
export class Worker implements ManagedWorker {
  readonly name: string
  onAvailable: () => void = () => {}
  onStart: (pid: number) => void = () => {}
  onEnd: (pid: number, reason: string) => void = () => {}
  exit: Promise<ScriptExit> = Promise.resolve({ exitCode: null, signal: null })
  readonly #start: WorkerStart
  readonly #life: WorkerLife
  #createFailure: (() => CgiError) | undefined
  #process: WorkerProcess | undefined
  /** The one that runs now, or that ran last. */
  #latest: WorkerProcess | undefined
  #starting: Promise<void> | undefined
  /** Processes that are being ended. */
  readonly #ending = new Set<Promise<void>>()
  #isBusy = false
  /** When the last request has ended, by `performance.now()`. */
  #idleSince = 0
  #idleTimer: NodeJS.Timeout | undefined
  /** Set while a restart is delayed. */
  #delayTimer: NodeJS.Timeout | undefined
  /** When it ends, by `performance.now()`. */
  #delayEnd = 0

  constructor(start: WorkerStart, life: WorkerLife) {
    this.name = start.name
    this.#start = start
    this.#life = life
  }

  get address(): Address {
    return { path: this.#latest?.socketPath ?? '' }
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  get lastLine(): string {
    return this.#latest?.output.lastLine ?? ''
  }

  get isAvailable(): boolean {
    if (this.#process !== undefined) return true
    return this.#delayTimer === undefined && this.#ending.size < MOST_PROCESSES
  }

  get failure(): CgiError | undefined {
    return this.#createFailure?.()
  }

  get isLoading(): boolean {
    return (
      this.#process !== undefined && this.#process.answers === 0 && !hasOwnSocket(this.#process.pid)
    )
  }

  get restartsIn(): number {
    return this.#delayTimer === undefined ? 0 : Math.max(0, this.#delayEnd - performance.now())
  }

  async ready(signal?: ClientSignal): Promise<void> {
    this.#isBusy = true
    if (this.#process !== undefined) return
    if (!this.isAvailable) throw this.failure ?? this.#toBusyError()
    this.#starting ??= this.#startProcess(signal).finally(() => {
      this.#starting = undefined
    })
    await this.#starting
  }

  taken(): void {
    if (this.#process !== undefined) this.#process.hasTaken = true
  }

  finished(isAnswered: boolean): void {
    this.#isBusy = false
    this.#idleSince = performance.now()
    const running = this.#process
    if (running === undefined || !isAnswered) return
    running.answers += 1
    this.#createFailure = undefined
    this.#life.restartDelay.succeed()
    if (running.answers === this.#life.maxRequests) {
      void this.kill(KILL_TIMEOUT, 'it has answered `maxRequests` requests')
    }
  }

  /** Resolves when it has ended, and those that were being ended before. */
  async kill(killTimeout: number, reason: string): Promise<void> {
    // Else at once: the next request is not to have a process that is ended.
    if (this.#starting !== undefined) await this.#starting.catch(() => {})
    const running = this.#process
    if (running !== undefined) {
      this.#release()
      this.onEnd(running.pid, reason)
      this.#end(running, killTimeout)
    }
    await Promise.all(this.#ending)
  }

  async #startProcess(signal: ClientSignal | undefined): Promise<void> {
    const started = await WorkerProcess.start(this.#start, signal)
    this.#process = started
    this.#latest = started
    this.exit = started.exit
    void started.exit.then((exit) => this.#onExit(started, exit))
    this.onStart(started.pid)
    const { idleTimeout } = this.#life
    if (idleTimeout === 0) return
    this.#idleTimer = setTimeout(() => this.#onIdle(), idleTimeout).unref()
  }

  /** The process has ended by itself, unless it was ended from here before. */
  #onExit(ended: WorkerProcess, exit: ScriptExit): void {
    if (ended !== this.#process) return
    this.#release()
    // The children that it has left.
    this.#end(ended, KILL_TIMEOUT)
    const facts = { upstream: this.name, scriptPid: ended.pid, ...exit }
    // A program that cannot run exits with a code. A signal ends one that runs: a request may have done it.
    if (ended.answers > 0 || ended.hasTaken || exit.signal !== null) {
      this.#life.logger.warn(facts, 'a worker has ended by itself')
    } else {
      this.#createFailure = () => this.#toFailure(ended, exit)
      const delay = this.#delayRestart()
      this.#life.logger.error(
        { ...facts, delay },
        'a worker has ended before it answered a request',
      )
    }
    this.onEnd(ended.pid, `it has ended ${describeExit(exit)}`)
  }

  /** @returns for how long, in milliseconds. */
  #delayRestart(): number {
    const now = performance.now()
    const delay = this.#life.restartDelay.fail(now)
    this.#delayEnd = now + delay
    this.#delayTimer = setTimeout(() => {
      this.#delayTimer = undefined
      this.onAvailable()
    }, delay).unref()
    return delay
  }

  #onIdle(): void {
    const rest = this.#idleSince + this.#life.idleTimeout - performance.now()
    if (!this.#isBusy && rest <= 0) {
      void this.kill(KILL_TIMEOUT, 'it has had no request for `idleTimeout`')
      return
    }
    const delay = this.#isBusy ? this.#life.idleTimeout : rest
    this.#idleTimer = setTimeout(() => this.#onIdle(), delay).unref()
  }

  /** There is no process from now on: the next request starts one. */
  #release(): void {
    this.#process = undefined
    clearTimeout(this.#idleTimer)
  }

  #end(running: WorkerProcess, killTimeout: number): void {
    const ending = running.end(killTimeout).then(() => {
      this.#ending.delete(ending)
      this.onAvailable()
    })
    this.#ending.add(ending)
  }

  #toFailure(ended: WorkerProcess, exit: ScriptExit): CgiError {
    const { reason, exitCode, signal } = exit
    const why = reason ?? ended.output.lastLine
    const end = `${this.name} ended ${describeExit(exit)} before it answered a request`
    return new CgiError('CGI_ERR_NO_UPSTREAM', {
      reason: why === '' ? end : `${end}: ${why}`,
      upstream: this.name,
      pid: ended.pid,
      exitCode,
      signal,
    })
  }

  #toBusyError(): CgiError {
    const reason = `${this.name} is being ended`
    const headers = { 'retry-after': '1' }
    return new CgiError('CGI_ERR_BUSY', { reason, upstream: this.name, headers })
  }
}

function describeExit({ exitCode, signal }: ScriptExit): string {
  return signal === null ? `with exit code ${exitCode}` : `by ${signal}`
}
