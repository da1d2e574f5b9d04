import type { RunningServer } from '../servers/server.js'
import type { RunnableContestant } from './contestant.js'
import type { BenchmarkSite } from './site.js'
import { warm } from './warm-up.js'

interface WarmServer {
  readonly running: RunningServer
  /** Requests that it has had. */
  readonly requests: number
}

/** They do next to nothing, since it is the server that has to be warm. */
const PROGRAMS = {
  cgi: '/cgi-bin/tiny-c.cgi',
  fastcgi: '/cgi-bin/small.php',
  interpreter: '/cgi-bin/tiny-c.cgi',
} as const

/**
 * The servers that several scenarios share: each is started and warmed once, and one that waits costs nothing.
 */
export class Fleet {
  readonly #servers = new Map<string, WarmServer>()
  readonly #site: BenchmarkSite
  /** What each of them is warmed by. */
  readonly requests: number

  constructor(site: BenchmarkSite, requests: number) {
    this.#site = site
    this.requests = requests
  }

  async get(contestant: RunnableContestant): Promise<WarmServer> {
    const known = this.#servers.get(contestant.name)
    if (known !== undefined) return known
    const running = await contestant.start(this.#site, { megabytes: 0, options: {} })
    const path = PROGRAMS[contestant.protocol]
    try {
      const server = { running, requests: await warm(running, { path, requests: this.requests }) }
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
