import type { RunningServer } from '../servers/server.js'
import type { NodeSetup, RunningNodeServer } from './node-server.js'
import type { BenchmarkSite } from './site.js'

interface ContestantBase {
  /** What it speaks with the scripts: each has contestants and scenarios of its own. */
  readonly protocol: 'cgi' | 'fastcgi' | 'interpreter'
  /** Its name on the command line. */
  readonly id: string
  readonly name: string
  readonly description: string
  /** What has to be installed for it; undefined if it is. */
  missing(): string | undefined
}

/** Answers no requests. */
export interface LimitContestant extends ContestantBase {
  readonly kind: 'limit'
}

interface ProgramContestant extends ContestantBase {
  readonly kind: 'program'
  start(site: BenchmarkSite, setup: NodeSetup): Promise<RunningServer>
}

export interface NodeContestant extends ContestantBase {
  readonly kind: 'node'
  readonly isOurs: boolean
  start(site: BenchmarkSite, setup: NodeSetup): Promise<RunningNodeServer>
}

export type RunnableContestant = ProgramContestant | NodeContestant
export type Contestant = LimitContestant | RunnableContestant
