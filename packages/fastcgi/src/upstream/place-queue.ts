import { CgiError, type ClientSignal } from '@common-gateway/core/transport'
import type { Upstream } from './upstream.js'
import { toBusyError } from './upstream-error.js'

/** An upstream that has failed a request, and how. */
export interface FailedAttempt {
  readonly upstream: Upstream
  readonly error: unknown
}

/** A request that needs a place on an upstream. Times are those of `performance.now()`. */
export interface PlaceSearch {
  readonly signal: ClientSignal | undefined
  /** When the request came. Where it waits again, it still goes before those that came later. */
  readonly arrival: number
  /** When this search began. */
  readonly start: number
  /** Until when it waits for a place; `Infinity`: without a limit. */
  readonly queueDeadline: number
  /** Until when it waits for upstreams that are down. */
  readonly connectDeadline: number
  /** The last attempt of this search. */
  readonly failed?: FailedAttempt | undefined
  /** The upstream that has lost the request and may lose it again; taken only where no other is up. */
  readonly lostBy?: Upstream | undefined
}

/** A request that waits for a place. */
export interface WaitingRequest {
  readonly search: PlaceSearch
  /** Ends the wait with a place on this upstream. */
  readonly give: (upstream: Upstream) => void
  /** Ends the wait without one. */
  readonly refuse: (error: CgiError) => void
}

/** The requests that have a slot and wait for a place, since full backlogs have taken places away: first come, first served. */
export class PlaceQueue {
  /** In the order of their arrival. */
  readonly #waiting: WaitingRequest[] = []

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** The requests that wait now, in the order of their arrival. */
  get requests(): readonly WaitingRequest[] {
    return [...this.#waiting]
  }

  /** Whether a request waits that came before. */
  hasEarlier(arrival: number): boolean {
    const [first] = this.#waiting
    return first !== undefined && first.search.arrival <= arrival
  }

  /** @throws {CgiError} CGI_ERR_CLIENT_GONE; CGI_ERR_BUSY after `queueDeadline`; the error that refuses it. */
  wait(search: PlaceSearch): Promise<Upstream> {
    const { signal, queueDeadline } = search
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#remove(request)
        clearTimeout(timer)
        signal?.removeEventListener('abort', abort)
      }
      const request: WaitingRequest = {
        search,
        give(upstream) {
          leave()
          resolve(upstream)
        },
        refuse(error) {
          leave()
          reject(error)
        },
      }
      const abort = (): void => request.refuse(new CgiError('CGI_ERR_CLIENT_GONE'))
      const expire = (): void => request.refuse(toBusyError('no upstream has had a free place'))
      const timer =
        queueDeadline === Number.POSITIVE_INFINITY
          ? undefined
          : setTimeout(expire, Math.max(0, queueDeadline - performance.now()))
      this.#insert(request)
      if (signal?.aborted) abort()
      else signal?.addEventListener('abort', abort)
    })
  }

  #insert(request: WaitingRequest): void {
    const { arrival } = request.search
    // Most came last.
    const before = this.#waiting.findLastIndex(({ search }) => search.arrival <= arrival)
    this.#waiting.splice(before + 1, 0, request)
  }

  #remove(request: WaitingRequest): void {
    const index = this.#waiting.indexOf(request)
    if (index !== -1) this.#waiting.splice(index, 1)
  }
}
