import type { RunningServer } from '../servers/server.js'
import type { Site } from '../servers/site.js'
import type { Contestant } from './contestants.js'
import type { Effort, Figures, Scenario } from './scenario.js'

/** A server in a scenario. */
export interface Entry {
  readonly server: string
  readonly megabytes: number
  start(): Promise<Started>
}

export interface Started {
  measure(effort: Effort): Promise<Figures>
  close(): Promise<void>
}

/** Who takes part in a scenario: every server, or each Node server with each amount of other data. */
export function createEntries(
  scenario: Scenario,
  contestants: readonly Contestant[],
  site: Site,
): readonly Entry[] {
  const bind = <Running extends RunningServer>(
    running: Running,
    measure: (server: Running, effort: Effort) => Promise<Figures>,
  ): Started => ({
    measure: (effort) => measure(running, effort),
    close: () => running.close(),
  })
  if (scenario.field === 'all') {
    return contestants.map((contestant) => ({
      server: contestant.name,
      megabytes: 0,
      start: async () =>
        bind(await contestant.start(site, { megabytes: 0, options: {} }), (...given) =>
          scenario.measure(...given),
        ),
    }))
  }
  const { options = {} } = scenario
  return scenario.megabytes.flatMap((megabytes) =>
    contestants.flatMap((contestant) =>
      contestant.isNode
        ? {
            server: contestant.name,
            megabytes,
            start: async () =>
              bind(await contestant.start(site, { megabytes, options }), (...given) =>
                scenario.measure(...given),
              ),
          }
        : [],
    ),
  )
}
