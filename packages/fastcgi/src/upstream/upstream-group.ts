import {
  CgiError,
  type CgiLogger,
  type ClientSignal,
  type Release,
  type Slots,
} from '@common-gateway/core/transport'
import { chooseUpstream } from './choice.js'
import type { Failure } from './health.js'
import { MISSING_SCRIPT_HINT } from './missing-script.js'
import type { Upstream } from './upstream.js'
import { publishChange } from './upstream-channel.js'
import { describe, toBusyError, toConnectError } from './upstream-error.js'
import { WaitingLine } from './waiting-line.js'

/** How long a request waits for an upstream that can be probed soon, in milliseconds. */
const SHORT_WAIT = 200
/** How long a request that has a slot waits for a place, where full backlogs have taken places away. */
const LONGEST_WAIT = 30_000
/** How long a request waits for a worker that is started again, in milliseconds. */
const RESTART_WAIT = 1_000
/** How often the limits of full upstreams, which grow with time, are looked at. */
const LOOK_INTERVAL = 250

/** The search for a place of one request. */
export interface PlaceSearch {
  readonly signal: ClientSignal | undefined
  /** When the request came, by `performance.now()`. */
  readonly start: number
  /** Until when it waits for upstreams that are down. */
  readonly deadline: number
  /** The upstream that has just failed, and how. */
  readonly failed?: { readonly upstream: Upstream; readonly error: unknown } | undefined
}

/**
 * The upstreams of one `fastcgi()`, and their places. A request takes a slot, which says that there is a free
 * place, and then a place on the upstream that is the best when it starts.
 */
export class UpstreamGroup implements Slots {
  readonly upstreams: readonly Upstream[]
  logger: CgiLogger | undefined
  #taken = 0
  #hasWarned = false
  readonly #slots = new WaitingLine<Release>()
  readonly #places = new WaitingLine<'look' | 'aborted'>()
  #timer: NodeJS.Timeout | undefined
  /** The failure that shows why all are down. */
  #lastFailure: { readonly upstream: Upstream; readonly error: unknown } | undefined

  constructor(upstreams: readonly Upstream[]) {
    this.upstreams = upstreams
    for (const { worker } of upstreams) {
      if (worker !== undefined) worker.onAvailable = () => this.#admit()
    }
  }

  get free(): number {
    return Math.max(0, this.#capacity() - this.#taken)
  }

  take(): Release | undefined {
    if (this.free === 0 || !this.#slots.isEmpty) return undefined
    return this.#takeSlot()
  }

  wait(signal: ClientSignal): Promise<Release> {
    const slot = this.#slots.wait(signal)
    this.#admit()
    return slot
  }

  /**
   * Takes a place: the upstream is counted as busy until {@link leave}.
   *
   * @throws {CgiError} CGI_ERR_NO_UPSTREAM, CGI_ERR_UPSTREAM_TIMEOUT: none is up; CGI_ERR_BUSY: none has had a place.
   */
  async enter(search: PlaceSearch): Promise<Upstream> {
    const { signal, start, failed } = search
    // The others have waited for longer; a request that is sent again has waited before.
    if (failed === undefined && !this.#places.isEmpty) await this.#waitForPlace(signal)
    for (;;) {
      const now = performance.now()
      if (now >= start + LONGEST_WAIT) {
        this.#admit()
        throw toBusyError('no upstream has had a free place')
      }
      this.#probeConnections(now)
      const upstream = chooseUpstream(this.upstreams, now, failed?.upstream)
      if (upstream !== undefined) {
        upstream.busy += 1
        this.#admit()
        return upstream
      }
      if (!this.#isAnyUp && this.#patience(now, search) <= 0) {
        this.#admit()
        throw this.#toError(failed)
      }
      await this.#waitForPlace(signal)
    }
  }

  /** Gives a place back. */
  leave(upstream: Upstream): void {
    upstream.busy -= 1
    this.#admit()
  }

  /** An upstream has begun to answer. */
  answer(upstream: Upstream): void {
    upstream.answeredAt = performance.now()
    if (!upstream.health.answer()) return
    this.#publish(upstream, 'it has answered')
    this.logger?.warn({ upstream: upstream.name }, 'the application server is up again')
    this.#admit()
  }

  /** An upstream has answered. */
  succeed(upstream: Upstream): void {
    upstream.health.succeed()
    this.answer(upstream)
  }

  /** An upstream has failed; the place is still taken. */
  fail(upstream: Upstream, failure: Failure, error: unknown): void {
    this.#lastFailure = { upstream, error }
    if (!upstream.fail(failure, this.upstreams.length === 1)) return
    const reason = describe(error)
    this.#publish(upstream, reason)
    this.logger?.warn({ upstream: upstream.name, reason }, 'the application server is down')
  }

  /** Logs, once, what to do where an upstream does not find a script. */
  warnOfMissingScript({ SCRIPT_FILENAME: script }: Readonly<Record<string, string>>): void {
    if (this.#hasWarned) return
    this.#hasWarned = true
    this.logger?.warn(
      { script, hint: MISSING_SCRIPT_HINT },
      'the application server does not find the script',
    )
  }

  /** Closes all connections without a request. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const upstream of this.upstreams) upstream.close()
  }

  get #isAnyUp(): boolean {
    return this.upstreams.some(({ isUp }) => isUp)
  }

  /** @throws {CgiError} CGI_ERR_CLIENT_GONE */
  async #waitForPlace(signal: ClientSignal | undefined): Promise<void> {
    if (signal?.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
    const place = this.#places.wait(signal, 'aborted')
    this.#look()
    if ((await place) === 'aborted') throw new CgiError('CGI_ERR_CLIENT_GONE')
  }

  /** How long a request waits still where all upstreams are down; 0 or less: not at all. */
  #patience(now: number, { start, deadline }: PlaceSearch): number {
    const left = deadline - now
    if (this.upstreams[0]?.worker !== undefined) {
      const isSoon = this.upstreams.some(({ worker }) => worker && worker.restartsIn <= SHORT_WAIT)
      return isSoon ? Math.min(left, start + RESTART_WAIT - now) : 0
    }
    if (this.upstreams.some(({ isProbed }) => isProbed)) return left
    const timeOut = this.#shortestTimeOut(now)
    return timeOut <= SHORT_WAIT ? left : 0
  }

  #toError(failed: PlaceSearch['failed']): Error {
    const { upstream, error } = failed ?? this.#lastFailure ?? {}
    // The error of another request has the facts of that request.
    if (failed !== undefined && error instanceof CgiError) return error
    for (const { worker } of this.upstreams)
      if (worker?.failure !== undefined) return worker.failure
    return upstream === undefined
      ? toBusyError('every worker is about to be started again')
      : toConnectError(upstream, error instanceof CgiError ? new Error(describe(error)) : error)
  }

  /** How many requests can be on their way at once. Where all are down, they are to find that out and not to wait. */
  #capacity(): number {
    const isAnyUp = this.#isAnyUp
    let capacity = 0
    for (const upstream of this.upstreams) {
      if (!isAnyUp) capacity += upstream.most
      else if (upstream.isUp) capacity += upstream.limit
    }
    return capacity
  }

  #takeSlot(): Release {
    this.#taken += 1
    return () => {
      this.#taken -= 1
      this.#admit()
    }
  }

  /** Lets go on what waits and can. */
  #admit(): void {
    if (!this.#places.isEmpty) {
      // Where none is up, each is to find out that it waits in vain.
      const isWorth = !this.#isAnyUp || chooseUpstream(this.upstreams, performance.now())
      if (isWorth) this.#places.admit('look')
    }
    while (!this.#slots.isEmpty && this.free > 0) this.#slots.admit(this.#takeSlot())
    this.#look()
  }

  /** Looks again soon, as long as something waits: limits and time-outs end with time. */
  #look(): void {
    const isWaiting = !this.#slots.isEmpty || !this.#places.isEmpty
    if (!isWaiting || this.#timer !== undefined) return
    const timeOut = this.#shortestTimeOut(performance.now())
    // Those that are due are being probed, and the end of a probe admits.
    const delay = timeOut > 0 ? Math.min(LOOK_INTERVAL, Math.ceil(timeOut)) : LOOK_INTERVAL
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#admit()
    }, delay)
  }

  #shortestTimeOut(now: number): number {
    let shortest = Number.POSITIVE_INFINITY
    for (const { health } of this.upstreams) {
      if (health.isDown) shortest = Math.min(shortest, health.timeOut(now))
    }
    return shortest
  }

  /** Tries to connect to those that could not be reached, beside the requests that others answer. */
  #probeConnections(now: number): void {
    for (const upstream of this.upstreams) {
      const { health } = upstream
      if (!health.needsConnection || health.timeOut(now) > 0 || upstream.isProbed) continue
      void upstream.probe().then(
        () => {
          health.connected()
          this.#admit()
        },
        (error: unknown) => {
          this.#lastFailure = { upstream, error }
          upstream.fail('unreachable', this.upstreams.length === 1)
          this.#admit()
        },
      )
    }
  }

  #publish(upstream: Upstream, reason: string): void {
    publishChange({ upstream: upstream.stats(), reason })
  }
}
