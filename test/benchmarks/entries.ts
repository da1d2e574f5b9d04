import type { RunningServer } from '../servers/server.js'
import type { Contestant } from './contestant.js'
import type { Fleet } from './fleet.js'
import { measureLimit } from './limit.js'
import type { Effort, Figures, NodeScenario, Scenario, ServerScenario } from './scenario.js'
import type { BenchmarkSite } from './site.js'
import { warm } from './warm-up.js'

/** A server in a scenario. */
export interface Entry {
  readonly server: string
  readonly megabytes: number
  start(): Promise<Started>
}

export interface Started {
  /** Warms it by at most so many requests. @returns how many each of its warm-ups had. */
  warmUp(requests: number): Promise<readonly number[]>
  measure(effort: Effort): Promise<Figures>
  close(): Promise<void>
}

/** Where the servers of a scenario come from. */
interface Ground {
  readonly site: BenchmarkSite
  readonly fleet: Fleet
}

/** How many requests each warm-up of a scenario has: that of the shared servers, then its own. */
export function warmUpCounts(
  { processes, warmUp }: Scenario,
  fleet: Fleet,
  most: number,
): readonly number[] {
  const own = warmUp === undefined ? [] : [Math.min(warmUp.requests, most)]
  return processes === 'shared' ? [fleet.requests, ...own] : own
}

/** What takes part in a scenario: every server of its protocol, or each Node server with each amount of other data. */
export function createEntries(
  scenario: Scenario,
  contestants: readonly Contestant[],
  ground: Ground,
): readonly Entry[] {
  const { field } = scenario
  const protocol = field === 'fastcgi' || field === 'interpreter' ? field : 'cgi'
  const able = contestants.filter((contestant) => contestant.protocol === protocol)
  return scenario.field === 'node'
    ? createNodeEntries(scenario, able, ground)
    : able.flatMap((contestant) => createServerEntry(scenario, contestant, ground))
}

function createServerEntry(
  scenario: ServerScenario,
  contestant: Contestant,
  { site, fleet }: Ground,
): Entry | [] {
  const named = { server: contestant.name, megabytes: 0 }
  if (contestant.kind === 'limit') {
    const { limit } = scenario
    return limit === undefined ? [] : { ...named, start: () => startLimit(site, limit) }
  }
  return {
    ...named,
    async start() {
      if (scenario.processes !== 'shared') {
        const running = await contestant.start(site, { megabytes: 0, options: {} })
        return bind(scenario, running, (...given) => scenario.measure(...given))
      }
      const { running, requests } = await fleet.get(contestant)
      const started = bind(scenario, running, (...given) => scenario.measure(...given))
      return {
        ...started,
        warmUp: async (most) => [requests, ...(await started.warmUp(most))],
        // The next scenario goes on with it.
        close: () => Promise.resolve(),
      }
    },
  }
}

function createNodeEntries(
  scenario: NodeScenario,
  contestants: readonly Contestant[],
  { site }: Ground,
): readonly Entry[] {
  return scenario.megabytes.flatMap((megabytes) =>
    contestants.flatMap((contestant) =>
      contestant.kind === 'node' && (contestant.isOurs || scenario.isForOurs !== true)
        ? {
            server: contestant.name,
            megabytes,
            start: async () => {
              const setup = { options: {}, ...scenario.setup, megabytes }
              const running = await contestant.start(site, setup)
              return bind(scenario, running, (...given) => scenario.measure(...given))
            },
          }
        : [],
    ),
  )
}

function bind<Running extends RunningServer>(
  { warmUp }: Scenario,
  running: Running,
  measure: (server: Running, effort: Effort) => Promise<Figures>,
): Started {
  return {
    async warmUp(most) {
      if (warmUp === undefined) return []
      return [await warm(running, { ...warmUp, requests: Math.min(warmUp.requests, most) })]
    },
    measure: (effort) => measure(running, effort),
    close: () => running.close(),
  }
}

function startLimit(
  site: BenchmarkSite,
  limit: NonNullable<ServerScenario['limit']>,
): Promise<Started> {
  return Promise.resolve({
    warmUp: () => Promise.resolve([]),
    measure: ({ seconds }) => measureLimit(site, limit, seconds),
    close: () => Promise.resolve(),
  })
}
