import { AsyncResource } from 'node:async_hooks'
import type { ServerRequest } from './server-request.js'

/** How often processes are looked at, in milliseconds: only those that run for so long. */
const CHECK_INTERVAL = 1_000
/** The same where no fork server reports their exits any more. */
const ORPHAN_CHECK_INTERVAL = 50
/** A fork server that has not waited for a process at so many checks will not do so any more. */
const MOST_CHECKS = 5

/** The requests of one fork server whose processes have not ended. They keep the event loop alive. */
export class OpenRequests {
  readonly #requests = new Map<number, ServerRequest>()
  readonly #onUnreaped: (areAllOver: boolean) => void
  readonly #onIdle: () => void
  /** The timer must not retain the async context of a request. */
  readonly #scope = new AsyncResource('CommonGatewayForkServer')
  #timer: NodeJS.Timeout | undefined
  #areOrphans = false

  /**
   * @param onUnreaped - a process has ended, and the fork server does not wait for it. `areAllOver`: so have all others.
   * @param onIdle - the last process has ended.
   */
  constructor(onUnreaped: (areAllOver: boolean) => void, onIdle: () => void) {
    this.#onUnreaped = onUnreaped
    this.#onIdle = onIdle
  }

  get size(): number {
    return this.#requests.size
  }

  get(id: number): ServerRequest | undefined {
    return this.#requests.get(id)
  }

  add(id: number, request: ServerRequest): void {
    this.#requests.set(id, request)
    this.#timer ??= this.#startChecks(CHECK_INTERVAL)
  }

  delete(id: number): void {
    if (!this.#requests.delete(id) || this.#requests.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#onIdle()
  }

  /** The fork server will be killed: it reports no exits any more. */
  takeExits(): void {
    for (const request of this.#requests.values()) request.checkZombie(true)
  }

  /**
   * The fork server is gone.
   *
   * @param settle - answers those that wait for an answer.
   */
  orphan(settle: (request: ServerRequest) => void): void {
    this.#areOrphans = true
    for (const [id, request] of this.#requests) {
      if (!request.isPending) continue
      settle(request)
      this.delete(id)
    }
    if (this.#requests.size === 0) return
    this.#check()
    clearInterval(this.#timer)
    if (this.#requests.size === 0) return
    this.#timer = this.#startChecks(ORPHAN_CHECK_INTERVAL)
  }

  #startChecks(interval: number): NodeJS.Timeout {
    return this.#scope.runInAsyncScope(setInterval, null, () => this.#check(), interval)
  }

  #check(): void {
    if (this.#areOrphans) {
      for (const [id, request] of this.#requests) if (request.checkOrphan()) this.delete(id)
      return
    }
    const checks = [...this.#requests.values()].map((request) => request.checkZombie())
    if (Math.max(...checks) >= MOST_CHECKS) this.#onUnreaped(checks.every((count) => count > 0))
  }
}
