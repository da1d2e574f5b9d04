import { fileURLToPath } from 'node:url'
import { startForkedProcess } from '../support/forked-process.js'
import type { Framework } from './application.js'

export type HostQuestion =
  /** Start an application, beside those that are there. */
  | { readonly type: 'open' }
  /** Shut one down; replied to when it has closed. */
  | { readonly type: 'close'; readonly port: number }
  /** `collect`: after a garbage collection. */
  | { readonly type: 'report'; readonly collect: boolean }

export interface HostReply {
  readonly port?: number
  readonly underWay?: readonly string[]
  readonly state?: HostState
  readonly error?: string
}

/** What a host says of itself. */
export interface HostState {
  readonly residentBytes: number
  /** JavaScript's, and what belongs to it. */
  readonly heapBytes: number
  /** Uncaught exceptions, unhandled rejections, and warnings. */
  readonly incidents: readonly string[]
  readonly running: number
  readonly queued: number
  /** Runs whose end has not been told. */
  readonly unended: number
  readonly started: number
  /** Processes of the application whose end has not been told. */
  readonly ownChildren: number
  /** What keeps the process alive, by kind. */
  readonly resources: Readonly<Record<string, number>>
  readonly listeners: Readonly<Record<string, number>>
}

/** A host in a process of its own. */
export interface SoakedHost {
  readonly pid: number
  /** @returns the port. */
  open(): Promise<number>
  /** @returns the tokens of the requests that it had begun to answer. */
  close(port: number): Promise<ReadonlySet<string>>
  report(collect?: boolean): Promise<HostState>
  stop(): Promise<void>
}

/** Starts `host.js`. */
export async function startSoakedHost(
  framework: Framework,
  options: object,
  environment: NodeJS.ProcessEnv,
): Promise<SoakedHost> {
  const module = fileURLToPath(new URL('host.js', import.meta.url))
  const args = [framework, JSON.stringify(options)]
  const host = await startForkedProcess<object, HostQuestion, HostReply>(module, args, environment)
  async function ask(question: HostQuestion): Promise<HostReply> {
    const reply = await host.ask(question)
    if (reply.error !== undefined) throw new Error(`${question.type}: ${reply.error}`)
    return reply
  }
  return {
    pid: host.pid,
    async open() {
      const { port } = await ask({ type: 'open' })
      if (port === undefined) throw new Error('the application has no port')
      return port
    },
    async close(port) {
      const { underWay } = await ask({ type: 'close', port })
      return new Set(underWay)
    },
    async report(collect = false) {
      const { state } = await ask({ type: 'report', collect })
      if (state === undefined) throw new Error('the host has not said how it fares')
      return state
    },
    stop: () => host.stop(),
  }
}
