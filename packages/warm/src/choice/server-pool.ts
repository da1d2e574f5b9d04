import type { ForkServer } from '../server/fork-server.js'
import type { WarmSettings } from '../options/options.js'

/** A fork server in the pool. */
interface Member {
  /** By `performance.now()`. */
  lastUse: number
  readonly idleTimer: NodeJS.Timeout | undefined
  readonly ageTimer: NodeJS.Timeout | undefined
}

/**
 * The fork servers of a gateway: at most `max`, each until it is idle or old. There are no more than twice as many with
 * those that take no more requests, and wait for the end of their scripts, such as event streams.
 */
export class ServerPool {
  readonly #settings: WarmSettings
  readonly #members = new Map<ForkServer, Member>()

  constructor(settings: WarmSettings) {
    this.#settings = settings
  }

  /** How many take requests, or will. */
  get size(): number {
    return [...this.#members.keys()].filter((server) => server.isUsable).length
  }

  /**
   * Makes room for another fork server: one ends that was not used since a time.
   *
   * @returns why there is no room.
   */
  makeRoom(since: number): string | undefined {
    const { max } = this.#settings
    const waiting = [...this.#members.keys()].filter((server) => server.isRetiring).length
    if (waiting >= max) return `${waiting} fork servers wait for the end of their scripts`
    if (this.size < max) return undefined
    const candidates = [...this.#members].filter(([server]) => server.isUsable)
    const [oldest] = candidates.toSorted(([, one], [, other]) => one.lastUse - other.lastUse)
    if (oldest === undefined || oldest[1].lastUse >= since) {
      return `the ${max} fork servers are those of other scripts`
    }
    oldest[0].retire('another script runs more often')
    return undefined
  }

  add(server: ForkServer): void {
    const { idleTimeout, maxAge } = this.#settings
    this.#members.set(server, {
      lastUse: performance.now(),
      idleTimer: retireAfter(server, idleTimeout, 'it was idle'),
      ageTimer: retireAfter(server, maxAge, 'it is old'),
    })
    void server.gone.then(() => this.#delete(server))
  }

  /** It gets a request. */
  touch(server: ForkServer): void {
    const member = this.#members.get(server)
    if (member === undefined) return
    member.lastUse = performance.now()
    member.idleTimer?.refresh()
  }

  /** All take no more requests, and end after their children. */
  retire(reason: string): void {
    for (const server of this.#members.keys()) server.retire(reason)
  }

  /** Ends all. Resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.#members.keys()].map((server) => server.close()))
  }

  #delete(server: ForkServer): void {
    const member = this.#members.get(server)
    clearTimeout(member?.idleTimer)
    clearTimeout(member?.ageTimer)
    this.#members.delete(server)
  }
}

function retireAfter(
  server: ForkServer,
  milliseconds: number,
  reason: string,
): NodeJS.Timeout | undefined {
  if (milliseconds === 0) return undefined
  return setTimeout(() => server.retire(reason), milliseconds).unref()
}
