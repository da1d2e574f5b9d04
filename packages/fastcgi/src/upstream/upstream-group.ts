import { CgiError, type CgiLogger } from '@common-gateway/core/transport'
import { Balancer } from './balancer.js'
import { PlaceQueue, type PlaceSearch } from './place-queue.js'
import type { Upstream } from './upstream.js'
import { toBusyError } from './upstream-error.js'
import { UpstreamSlots } from './upstream-slots.js'

/** How often the limits of full upstreams, which grow with time, are looked at, in milliseconds. */
const LOOK_INTERVAL = 250

/**
 * The upstreams of one `fastcgi()`, for all gateways that have it. A request takes a slot, which says that there is a
 * free place, and then a place on the upstream that is the best when it starts.
 */
export class UpstreamGroup {
  readonly upstreams: readonly Upstream[]
  readonly balancer: Balancer
  readonly slots: UpstreamSlots
  readonly #places = new PlaceQueue()
  #timer: NodeJS.Timeout | undefined

  constructor(upstreams: readonly Upstream[], logger: CgiLogger) {
    this.upstreams = upstreams
    this.balancer = new Balancer(upstreams, logger)
    this.slots = new UpstreamSlots({
      capacity: () => this.balancer.capacity,
      onChange: () => this.#admit(),
    })
    this.balancer.onChange = () => this.#admit()
  }

  /**
   * Takes a place: the upstream is counted as busy until {@link leave}.
   *
   * @throws {CgiError} CGI_ERR_NO_UPSTREAM, CGI_ERR_UPSTREAM_TIMEOUT: none is up; CGI_ERR_BUSY: none has had a place
   *   within `queueTimeout`, or too many wait for one that has not lost them; CGI_ERR_CLIENT_GONE.
   */
  async enter(search: PlaceSearch): Promise<Upstream> {
    if (!this.#places.hasEarlier(search.arrival)) {
      const choice = this.balancer.choose(performance.now(), search)
      if (choice instanceof CgiError) throw choice
      if (choice !== undefined) {
        choice.busy += 1
        return choice
      }
    }
    const isSelective = this.balancer.isSelective(search)
    if (isSelective && this.slots.detached >= this.balancer.most)
      throw toBusyError('too many requests wait for another upstream')
    const place = this.#places.wait(search)
    // It leaves the places of the others free.
    const takeBack = isSelective ? this.slots.detach() : undefined
    // What waits before it may wait for another upstream.
    this.#admit()
    try {
      return await place
    } finally {
      takeBack?.()
    }
  }

  /** Gives a place back. */
  leave(upstream: Upstream, isAnswered: boolean): void {
    upstream.worker?.finished(isAnswered)
    upstream.busy -= 1
    this.#admit()
  }

  /** Closes all connections without a request. */
  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    for (const upstream of this.upstreams) upstream.close()
  }

  /** Lets proceed what waits and can: first those that have a slot, since they came first. */
  #admit(): void {
    if (!this.#places.isEmpty) this.#admitToPlaces(performance.now())
    this.slots.admit()
    this.#look()
  }

  #admitToPlaces(now: number): void {
    for (const { search, give, refuse } of this.#places.requests) {
      const choice = this.balancer.choose(now, search)
      if (choice instanceof CgiError) {
        refuse(choice)
      } else if (choice !== undefined) {
        choice.busy += 1
        give(choice)
      } else if (this.balancer.isAnyUp && !this.balancer.isSelective(search)) {
        // The requests behind it find no place either. Where none is up, each has a deadline of its own.
        return
      }
    }
  }

  /** Looks again soon, as long as something waits: limits and time-outs end with time. */
  #look(): void {
    const isWaiting = !this.#places.isEmpty || this.slots.isWaitedFor
    if (!isWaiting || this.#timer !== undefined) return
    const { nextProbe } = this.balancer
    // The end of a probe that runs admits.
    const delay = nextProbe > 0 ? Math.min(LOOK_INTERVAL, Math.ceil(nextProbe)) : LOOK_INTERVAL
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#admit()
    }, delay)
  }
}
