import { CgiError, type CgiLogger } from '@common-gateway/core/transport'
import { chooseUpstream, isToBeProbed } from './choice.js'
import type { Failure } from './health.js'
import { patienceOf, shortestTimeOut } from './patience.js'
import type { FailedAttempt, PlaceSearch } from './place-queue.js'
import type { Upstream } from './upstream.js'
import { codeOf, describe, toBusyError, toConnectError } from './upstream-error.js'

/** Chooses an upstream for each request, counts how they answer and fail, and probes those that are down. */
export class Balancer {
  /** Called when an upstream may take more requests than before, or when waiting may have become useless. */
  onChange: () => void = () => {}
  readonly #upstreams: readonly Upstream[]
  readonly #logger: CgiLogger
  /** The failure that shows why all are down. */
  #lastFailure: FailedAttempt | undefined

  constructor(upstreams: readonly Upstream[], logger: CgiLogger) {
    this.#upstreams = upstreams
    this.#logger = logger
    for (const { worker } of upstreams) {
      if (worker !== undefined) worker.onAvailable = () => this.onChange()
    }
  }

  get isAnyUp(): boolean {
    return this.#upstreams.some(({ isUp }) => isUp)
  }

  /** How many requests can be on their way where all are up and none is full. */
  get most(): number {
    return this.#upstreams.reduce((sum, { most }) => sum + most, 0)
  }

  /** How many requests can be on their way at once. Where all are down, they are to find that out and not to wait. */
  get capacity(): number {
    if (!this.isAnyUp) return this.most
    const now = performance.now()
    let capacity = 0
    for (const upstream of this.#upstreams) {
      if (upstream.isUp) capacity += upstream.limit
      // The requests that are still there have slots, too; and one probes it, however much the others have to do.
      else capacity += isToBeProbed(upstream, now) ? 1 : upstream.busy
    }
    return capacity
  }

  /** When the first of those that are down can be probed, in milliseconds from now; 0 or less: it is being probed. */
  get nextProbe(): number {
    return shortestTimeOut(this.#upstreams, performance.now())
  }

  /**
   * The upstream for a request.
   *
   * @returns undefined where the request has to wait, and an error where it would wait in vain: CGI_ERR_NO_UPSTREAM,
   *   CGI_ERR_UPSTREAM_TIMEOUT, CGI_ERR_BUSY, or that of its last attempt.
   */
  choose(now: number, search: PlaceSearch): Upstream | CgiError | undefined {
    this.#probeConnections(now)
    const { failed, lostBy } = search
    const candidates = this.#candidatesFor(lostBy)
    const upstream = chooseUpstream(candidates, now, failed?.upstream ?? lostBy)
    if (upstream !== undefined) return upstream
    if (this.isAnyUp || patienceOf(this.#upstreams, now, search) > 0) return undefined
    return this.#toError(failed)
  }

  /** Whether a request waits for some upstreams only, so that those behind it may find a place where it finds none. */
  isSelective({ lostBy }: PlaceSearch): boolean {
    return this.#candidatesFor(lostBy) !== this.#upstreams
  }

  /** An upstream has begun to answer. */
  answer(upstream: Upstream): void {
    upstream.answeredAt = performance.now()
    if (!upstream.health.answer()) return
    upstream.publish('it has answered')
    this.#logger.warn({ upstream: upstream.name }, 'the application server is up again')
    this.onChange()
  }

  /** An upstream has answered. */
  succeed(upstream: Upstream): void {
    upstream.health.succeed()
    this.answer(upstream)
  }

  /** An upstream has failed; the place is still taken. */
  fail(upstream: Upstream, failure: Failure, error: unknown): void {
    this.#lastFailure = { upstream, error }
    if (!upstream.fail(failure, this.#upstreams.length === 1)) return
    const reason = describe(error)
    upstream.publish(reason)
    this.#logger.warn({ upstream: upstream.name, reason }, 'the application server is down')
  }

  /** Tries to connect to those that could not be reached, beside the requests that others answer. */
  #probeConnections(now: number): void {
    for (const upstream of this.#upstreams) {
      const { health } = upstream
      if (!health.needsConnection || health.timeOut(now) > 0 || upstream.isProbed) continue
      void upstream.probe().then(
        () => {
          health.connected()
          this.onChange()
        },
        (error: unknown) => {
          // Closed meanwhile.
          if (codeOf(error) === 'ABORT_ERR') return
          this.fail(upstream, 'unreachable', error)
          this.onChange()
        },
      )
    }
  }

  /**
   * The upstreams for a request that one has lost. The processes of an application that is killed end one after another:
   * those that are left accept a request only to lose it again.
   */
  #candidatesFor(lostBy: Upstream | undefined): readonly Upstream[] {
    if (lostBy === undefined) return this.#upstreams
    const others = this.#upstreams.filter((upstream) => upstream !== lostBy)
    return others.some(({ isUp }) => isUp) ? others : this.#upstreams
  }

  #toError(failed: FailedAttempt | undefined): CgiError {
    const { upstream, error } = failed ?? this.#lastFailure ?? {}
    // The error of another request has the facts of that request.
    if (failed !== undefined && error instanceof CgiError) return error
    for (const { worker } of this.#upstreams) {
      if (worker?.failure !== undefined) return worker.failure
    }
    return upstream === undefined
      ? toBusyError('every worker is about to be started again')
      : toConnectError(upstream, error instanceof CgiError ? new Error(describe(error)) : error)
  }
}
