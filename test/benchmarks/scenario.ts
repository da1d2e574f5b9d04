import type { RunningServer } from '../servers/server.js'
import type { NodeSetup, RunningNodeServer } from './node-server.js'

/** What one round measures: a number for each column. */
export type Figures = Readonly<Record<string, number>>

/** How long each round measures, how many there are, and what comes before them. */
export interface Effort {
  readonly seconds: number
  readonly rounds: number
  /** Requests that warm a server; no scenario has more. */
  readonly warmUp: number
}

export interface Column {
  /** The name of the figure. */
  readonly key: string
  readonly title: string
  /** Digits after the point. */
  readonly digits: number
}

/** Requests before a server is measured: V8 compiles code that has been seen often. */
export interface WarmUp {
  readonly path: string
  readonly requests: number
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
  /**
   * `'shared'`: those that other scenarios have used; all of these are warmed once. `'own'`: for this scenario.
   * `'fresh'`: for each round.
   */
  readonly processes: 'shared' | 'own' | 'fresh'
  /** Where they are shared, comes after what warms them all. Where they are fresh, there is none. */
  readonly warmUp?: WarmUp
  /** How many times as long, and as many rounds, it needs. */
  readonly times?: { readonly seconds?: number; readonly rounds?: number }
  /** Whether the table has the least and the most of the rounds. */
  readonly hasSpread?: boolean
}

/** Asked of every server of its protocol, and compared with some of them. */
export interface ServerScenario extends ScenarioBase {
  readonly field: 'all' | 'fastcgi' | 'interpreter'
  /** What the limit does for it: starts that program of the site, so many at once. */
  readonly limit?: { readonly program: string; readonly connections: number }
  measure(server: RunningServer, effort: Effort): Promise<Figures>
}

/** Asked of the servers that are Node processes, with so much memory in them. */
export interface NodeScenario extends ScenarioBase {
  readonly field: 'node'
  readonly processes: 'own' | 'fresh'
  /** How many megabytes of other data the process holds; compared with the first of them. */
  readonly megabytes: readonly number[]
  /** What the application needs for it beyond the defaults. */
  readonly setup?: Partial<Omit<NodeSetup, 'megabytes'>>
  /** Whether it makes no sense without the gateway. */
  readonly isForOurs?: boolean
  measure(server: RunningNodeServer, effort: Effort): Promise<Figures>
}

export type Scenario = ServerScenario | NodeScenario
