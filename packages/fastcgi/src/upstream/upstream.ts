import type { ClientSignal, UpstreamStats } from '@common-gateway/core/transport'
import type { Address } from '../connection/address.js'
import { type ConnectOptions, connect } from '../connection/connect.js'
import type { Connection } from '../connection/connection.js'
import type { Exchange } from '../connection/exchange.js'
import type { ManagedWorker } from '../workers/managed-worker.js'
import { ConnectionLimit } from './connection-limit.js'
import { ConnectionProbe } from './connection-probe.js'
import { type Failure, Health } from './health.js'
import { IdleConnections } from './idle-connections.js'
import { askProcessCount } from './process-count.js'
import { isHeldBack } from './retry-decision.js'
import { publishChange } from './upstream-channel.js'
import { codeOf } from './upstream-error.js'
import { connectToWorker } from './worker-connection.js'

/** How connections to an upstream are made and kept. */
export interface UpstreamSettings {
  /** The most requests at once. */
  readonly maxConnections: number
  /** Whether the application is asked, when it is full, how many requests it takes at once. */
  readonly asksProcessCount: boolean
  /** How long an idle connection is kept, in milliseconds; 0: as long as the application keeps it; null: not at all. */
  readonly keepAlive: number | null
  /** In milliseconds; 0: no limit. */
  readonly connectTimeout: number
}

/** What a request needs of a connection. */
export interface ConnectionCall {
  /** Whether an idle one will do, which the application may be closing. */
  readonly mayReuse: boolean
  /** How long a new one may take, in milliseconds; 0: no limit. */
  readonly timeout: number
  readonly signal: ClientSignal | undefined
}

/** A connection, and whether it has carried a request before. */
export interface OpenedConnection {
  readonly connection: Connection
  readonly isReused: boolean
}

/** How long an application may take to say how many requests it takes, in milliseconds. */
const COUNT_TIMEOUT = 1_000

/** One place where an application listens: the connections to it, and its health. */
export class Upstream {
  static #count = 0
  readonly id = (Upstream.#count += 1)
  readonly name: string
  readonly address: Address
  /** Undefined where the application is not ours. */
  readonly worker: ManagedWorker | undefined
  readonly health = new Health()
  readonly idle: IdleConnections
  /** When it began an answer last. */
  answeredAt = 0
  requests = 0
  failures = 0
  retries = 0
  /** Requests that are on it, or on their way. */
  busy = 0
  readonly #settings: UpstreamSettings
  readonly #limit: ConnectionLimit
  readonly #probe = new ConnectionProbe()
  #hasAsked = false

  constructor(
    name: string,
    place: { readonly address: Address; readonly worker?: ManagedWorker },
    settings: UpstreamSettings,
  ) {
    this.name = name
    this.address = place.address
    this.worker = place.worker
    this.#settings = settings
    if (place.worker !== undefined) this.#observe(place.worker)
    this.#limit = new ConnectionLimit(settings.maxConnections)
    this.idle = new IdleConnections(settings.keepAlive ?? 0)
  }

  /** Whether it keeps connections. */
  get keepsConnections(): boolean {
    return this.#settings.keepAlive !== null
  }

  /** Whether it is being found out whether it can be reached. */
  get isProbed(): boolean {
    return this.#probe.isRunning
  }

  /** Whether requests can be sent to it, apart from how many are there. */
  get isUp(): boolean {
    return !this.health.isDown && (this.worker?.isAvailable ?? true)
  }

  /** The most requests that it takes at once. */
  get most(): number {
    return this.#limit.most
  }

  /** How many requests it takes at once now. */
  get limit(): number {
    return this.#limit.at(performance.now())
  }

  /**
   * Whether a connection has failed since the upstream is busy: the backlog of a Unix socket is full (connect(2)), or that
   * of TCP, where Linux drops the packets or resets the connection, while other requests are answered.
   *
   * @param attempt - when the connection was begun.
   */
  isFull(error: unknown, attempt: number): boolean {
    const code = codeOf(error)
    if (code === 'EAGAIN') return true
    const isDropped = code === 'ETIMEDOUT' || (code === 'ECONNRESET' && 'host' in this.address)
    return isDropped && this.answeredAt > attempt
  }

  /** It takes no more requests than it has, without the one that has shown this. */
  limitToBusy(): void {
    this.#limit.shrink(this.busy - 1, performance.now())
    if (this.#settings.asksProcessCount && !this.#hasAsked) void this.#ask()
  }

  /** A connection for a request. @throws {Error} of the system. */
  async open({ mayReuse, timeout, signal }: ConnectionCall): Promise<OpenedConnection> {
    if (this.worker !== undefined) await this.worker.ready(signal)
    const spare = this.#probe.take()
    if (spare !== undefined && mayReuse) return { connection: spare, isReused: true }
    // It occupies a process of the application.
    spare?.destroy()
    if (mayReuse) {
      const connection = this.idle.take()
      if (connection !== undefined) return { connection, isReused: true }
    }
    // A kept connection occupies a process of the application, so it counts.
    if (this.busy + this.idle.size > this.#limit.most) this.idle.closeOne()
    const connection =
      this.worker === undefined
        ? await connect(this.address, { timeout, signal })
        : await connectToWorker(this.worker, { timeout, signal })
    return { connection, isReused: false }
  }

  /**
   * Whether the end of a request's variables waits until the application has taken the others. A worker of ours has no
   * backlog, and a kept connection has left it. A request that finds out whether an application answers again can then go to
   * the next upstream, by any method, if a frozen process at a Unix socket does not read it. One that is sent again may have
   * been lost in a backlog, which may be full still. By TCP any request may be lost there while the application has others:
   * a connection that Linux has answered with a SYN cookie is reset by the second segment of its request.
   */
  holdsBack(
    method: string,
    { isReused, isAgain }: { isReused: boolean; isAgain: boolean },
  ): boolean {
    if (this.worker !== undefined || isReused) return false
    const mayBeFull = !('path' in this.address) && this.busy > 1
    return isAgain || mayBeFull || this.health.isDown || isHeldBack(method)
  }

  /** Waits for that. @throws {Error} as {@link Exchange.handOver} does. */
  async handOver(exchange: Exchange, { timeout, signal }: ConnectOptions): Promise<void> {
    // In the backlog of a Unix socket a request waits for as long as the application is busy.
    const isPatient = 'path' in this.address && !this.health.isDown
    await exchange.handOver({ timeout: isPatient ? 0 : timeout, signal })
  }

  /** How it has failed where no request could be sent to it. */
  failureOf(error: unknown): Failure {
    // The system connects to a Unix socket without the application, which has not read the request then.
    return 'path' in this.address && codeOf(error) === 'ETIMEDOUT' ? 'silent' : 'unreachable'
  }

  /** Finds out whether it can be reached. @throws {Error} of the system; `ABORT_ERR` after {@link close}. */
  probe(): Promise<void> {
    return this.#probe.run(this.address, this.#settings.connectTimeout)
  }

  /** Counts a failure. @returns whether it is down now and was not before. */
  fail(failure: Failure, isOnly: boolean): boolean {
    this.failures += 1
    this.#closeIdle()
    return this.worker === undefined && this.health.fail(failure, performance.now(), isOnly)
  }

  /** Ends a probe and closes the connections without a request. It may be used again. */
  close(): void {
    this.#probe.close()
    this.idle.closeAll()
  }

  /** Publishes a change of its state. @param pid - of the worker. */
  publish(reason: string, pid?: number): void {
    publishChange(() => ({ upstream: this.stats(), pid, reason }))
  }

  stats(): UpstreamStats {
    const { id, name, busy, requests, failures, retries, worker } = this
    return {
      name,
      id,
      pid: worker?.pid,
      state: this.#state(),
      busy,
      idle: this.idle.size,
      maxConnections: this.#limit.most,
      requests,
      failures,
      retries,
    }
  }

  #observe(worker: ManagedWorker): void {
    worker.onStart = (pid) => this.publish('it has been started', pid)
    worker.onEnd = (pid, reason) => {
      this.#closeIdle()
      this.publish(reason, pid)
    }
  }

  #closeIdle(): void {
    this.#probe.take()?.destroy()
    this.idle.closeAll()
  }

  async #ask(): Promise<void> {
    this.#hasAsked = true
    const count = await askProcessCount(this.address, COUNT_TIMEOUT)
    // Several processes that share a socket say 1 each.
    if (count !== undefined && count > 1) this.#limit.setMost(count)
  }

  #state(): UpstreamStats['state'] {
    if (this.worker !== undefined && this.worker.pid === undefined) {
      return this.worker.isAvailable ? 'stopped' : 'down'
    }
    if (!this.isUp) return 'down'
    return this.busy >= this.limit ? 'full' : 'up'
  }
}
