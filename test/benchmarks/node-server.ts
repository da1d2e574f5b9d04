import { strict as assert } from 'node:assert'
import type { RunningServer } from '../servers/server.js'
import type { Site } from '../servers/site.js'
import { startChild } from './child.js'
import type { Answers, HostSetup, Question } from './hosts/question.js'

/** A server that is a Node process, and can be asked what it measures of itself. */
export interface RunningNodeServer extends RunningServer {
  ask<Name extends Question>(question: Name): Promise<Answers[Name]>
}

/** Options for the gateway, by name. */
export type OptionSet = Readonly<Record<string, unknown>>

/** What a scenario needs of an application. */
export type NodeSetup = Omit<HostSetup, 'framework' | 'root'>

/** What runs it. */
export interface NodeProgram {
  readonly framework: string
  /** The binary of Node. */
  readonly node: string
}

/** Starts `hosts/main.js` in a process of its own, as it would be in production. */
export async function startNodeServer(
  { framework, node }: NodeProgram,
  setup: NodeSetup,
  site: Site,
): Promise<RunningNodeServer> {
  const all: HostSetup = { ...setup, framework, root: site.cgiBin }
  const child = startChild('hosts/main.js', all, {
    node,
    // V8 drops the code of functions that have not run for a while. Under traffic they run; here a server waits for
    // its turn, and would be cold again.
    execArgv: ['--expose-gc', '--no-flush-bytecode'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const { port } = (await child.receive()) as { port: number }
  assert.ok(port > 0)
  return {
    port,
    pids: [child.pid],
    async ask(question) {
      child.send(question)
      // The host answers each question with what belongs to it; one is asked at a time.
      const { answer } = (await child.receive()) as { answer: Answers[typeof question] }
      return answer
    },
    close: () => child.close(),
  }
}
