import type { RunningServer } from '../servers/server.js'
import type { Site } from '../servers/site.js'
import type { RunnableContestant } from './contestants.js'
import type { WarmUp } from './scenario.js'
import { warm } from './warm-up.js'

interface WarmServer {
  readonly running: RunningServer
  /** Requests that it has had. */
  readonly requests: number
}

/**
 * The servers that several scenarios share: each is started and warmed once, and one that waits costs nothing.
 * The program does next to nothing, since it is the server that has to be warm.
 */
export class Fleet {
  readonly #servers = new Map<string, WarmServer>()
  readonly #site: Site
  readonly #requests: number

  constructor(site: Site, requests: number) {
    this.#site = site
    this.#requests = requests
  }

  get warmUp(): WarmUp {
    return { path: '/cgi-bin/tiny-c.cgi', requests: this.#requests }
  }

  async get(contestant: RunnableContestant): Promise<WarmServer> {
    const known = this.#servers.get(contestant.name)
    if (known !== undefined) return known
    const running = await contestant.start(this.#site, { megabytes: 0, options: {} })
    try {
      const server = { running, requests: await warm(running, this.warmUp) }
      this.#servers.set(contestant.name, server)
      return server
    } catch (error) {
      await running.close()
      throw error
    }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#servers.values()].map(({ running }) => running.close()))
  }
}
