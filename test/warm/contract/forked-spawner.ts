import type {
  ScriptProcess,
  Spawner,
  SpawnerContext,
  SpawnerFactory,
  SpawnOptions,
} from '@common-gateway/core/transport'
import { readFileSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { ForkServer } from '@internal/warm/server/fork-server.js'

const PROGRAM = fileURLToPath(new URL('../../../fixtures/warm/fork-server.py', import.meta.url))

/** How long a request waits for its fork server to load, in milliseconds; less than any time limit of the contract. */
const LONGEST_START = 100
const OTHERS_MAY_EXECUTE = 0o001

/**
 * Makes spawners whose fork servers execute any script of the shell, from its first request on: the same as plain, but
 * by another process. While a fork server loads for longer, requests are started plainly, as warm() does.
 */
export const forkedSpawners: SpawnerFactory = {
  createSpawner: (context) => new ForkedSpawner(context),
}

class ForkedSpawner implements Spawner {
  readonly #context: SpawnerContext
  readonly #servers = new Map<string, Promise<ForkServer>>()

  constructor(context: SpawnerContext) {
    this.#context = context
  }

  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const [script, ...args] = options.command
    const server = isExecutable(script) ? await this.#serverOf(script) : undefined
    if (server === undefined) return this.#context.plain.spawn(options)
    const answer = await server.request(options, args)
    if (typeof answer !== 'string') return answer
    if (server.isUsable) throw new Error(answer)
    // Another request has waited for it too long, and has closed it.
    return this.#context.plain.spawn(options)
  }

  async close(): Promise<void> {
    const servers = await Promise.all(this.#servers.values())
    await Promise.all(servers.map((server) => server.close()))
  }

  /** Undefined where it does not load in time; it ends then. */
  async #serverOf(script: string): Promise<ForkServer | undefined> {
    let starting = this.#servers.get(script)
    if (starting === undefined) this.#servers.set(script, (starting = this.#start(script)))
    const server = await Promise.race([starting, delay(LONGEST_START, undefined)])
    if (server === undefined) {
      this.#forget(script, starting)
      void starting.then((late) => late.close())
    }
    return server
  }

  #forget(script: string, server: Promise<ForkServer>): void {
    if (this.#servers.get(script) === server) this.#servers.delete(script)
  }

  #start(script: string): Promise<ForkServer> {
    const { lasting, cpuTimeLimit } = this.#context
    const interpreter = {
      language: 'python',
      program: PROGRAM,
      flags: [],
      isShim: false,
      decisive: [],
    } as const
    const environment = { PATH: process.env['PATH'] ?? '' }
    const description = { interpreter, script, cwd: '/', environment, modules: [], cpuTimeLimit }
    const starting = new Promise<ForkServer>((resolve, reject) => {
      const server = new ForkServer(lasting, description, ({ reason }) => {
        this.#forget(script, starting)
        reject(new Error(reason))
      })
      const check = setInterval(() => {
        if (server.isUsable && !server.isReady) return
        clearInterval(check)
        resolve(server)
      }, 5)
    })
    return starting
  }
}

/** Whether execve(2) executes a script, for any user. In a fork server its error would be lost. */
function isExecutable(script: string): boolean {
  const file = Buffer.from(script, 'latin1')
  try {
    const isForAll = (statSync(file).mode & OTHERS_MAY_EXECUTE) !== 0
    return isForAll && readFileSync(file, 'latin1').startsWith('#!/bin/sh\n')
  } catch {
    return false
  }
}
