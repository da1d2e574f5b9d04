import type { RunningServer } from '../servers/server.js'
import type { OptionSet, RunningNodeServer } from './node-server.js'

/** What one round measures: a number for each column. */
export type Figures = Readonly<Record<string, number>>

/** How long each round measures and how many there are. */
export interface Effort {
  readonly seconds: number
  readonly rounds: number
}

interface Column {
  /** The name of the figure. */
  readonly key: string
  readonly title: string
  /** Digits after the point. */
  readonly digits: number
}

interface ScenarioBase {
  /** Its name on the command line. */
  readonly id: string
  readonly title: string
  /** What is measured and how, for readers of the table. */
  readonly about: string
  /** The first is the one that is compared. */
  readonly columns: readonly Column[]
  /** Files of programs that it cannot do without, and the packages that hold them. */
  readonly needs: Readonly<Record<string, string>>
  /** Whether it belongs to `--quick`. */
  readonly isQuick: boolean
}

/** Asked of every server. Compared with lighttpd. */
export interface ServerScenario extends ScenarioBase {
  readonly field: 'all'
  measure(server: RunningServer, effort: Effort): Promise<Figures>
}

/** Asked of the servers that are Node processes, with so much memory in them. */
export interface NodeScenario extends ScenarioBase {
  readonly field: 'node'
  /** How many megabytes of other data the process holds; compared with the first of them. */
  readonly megabytes: readonly number[]
  /** What the gateway needs for it beyond the defaults. */
  readonly options?: OptionSet
  /** Whether each round needs a process that has done nothing before. */
  readonly isFresh?: boolean
  measure(server: RunningNodeServer, effort: Effort): Promise<Figures>
}

export type Scenario = ServerScenario | NodeScenario
