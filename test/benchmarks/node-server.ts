import { strict as assert } from 'node:assert'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { RunningServer } from '../servers/server.js'
import type { Site } from '../servers/site.js'
import type { Answers, HostSetup, Question } from './hosts/question.js'

/** A server that is a Node process, and can be asked what it measures of itself. */
export interface RunningNodeServer extends RunningServer {
  ask<Name extends Question>(question: Name): Promise<Answers[Name]>
}

/** Options for the gateway, by name. */
export type OptionSet = Readonly<Record<string, unknown>>

/** What an application is started with. */
export type NodeSetup = Pick<HostSetup, 'megabytes' | 'options'>

/** Starts `hosts/main.js` in a process of its own, as it would be in production. */
export async function startNodeServer(
  framework: string,
  setup: NodeSetup,
  site: Site,
): Promise<RunningNodeServer> {
  const module = fileURLToPath(new URL('hosts/main.js', import.meta.url))
  const all: HostSetup = { ...setup, framework, root: site.cgiBin }
  const child = fork(module, [JSON.stringify(all)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const exited = once(child, 'exit')
  const ended = exited.then(() => Promise.reject(new Error(`${framework} has ended`)))
  // The process also ends when no answer is awaited.
  ended.catch(() => {})
  const told = async (): Promise<unknown> => {
    const [message] = await Promise.race([once(child, 'message'), ended])
    return message
  }
  const { port } = (await told()) as { port: number }
  assert.ok(port > 0)
  return {
    port,
    async ask(question) {
      child.send(question)
      // The host answers each question with what belongs to it; one is asked at a time.
      const { answer } = (await told()) as { answer: Answers[typeof question] }
      return answer
    },
    async close() {
      if (child.connected) child.disconnect()
      const timer = setTimeout(() => child.kill('SIGKILL'), 5_000)
      await exited
      clearTimeout(timer)
    },
  }
}
