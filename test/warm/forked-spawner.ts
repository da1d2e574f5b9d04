import type {
  ScriptProcess,
  Spawner,
  SpawnerContext,
  SpawnerFactory,
  SpawnOptions,
} from '@common-gateway/core/transport'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { ForkServer } from '@internal/warm/server/fork-server.js'

const PROGRAM = fileURLToPath(new URL('../../fixtures/warm/fork-server.py', import.meta.url))

/**
 * Makes spawners whose fork servers execute any script of the shell, from its first request on: the same as plain, but
 * by another process.
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
    // The error of execve(2) would be lost.
    if (!beginningOf(script).startsWith('#!/bin/sh\n')) return this.#context.plain.spawn(options)
    let server = this.#servers.get(script)
    if (server === undefined) this.#servers.set(script, (server = this.#start(script)))
    const answer = await (await server).request(options, args)
    if (typeof answer === 'string') throw new Error(answer)
    return answer
  }

  async close(): Promise<void> {
    const servers = await Promise.all(this.#servers.values())
    await Promise.all(servers.map((server) => server.close()))
  }

  #start(script: string): Promise<ForkServer> {
    const { lasting, cpuTimeLimit } = this.#context
    const interpreter = { language: 'python', program: PROGRAM, flags: [] } as const
    const environment = { PATH: process.env['PATH'] ?? '' }
    const description = { interpreter, script, cwd: '/', environment, modules: [], cpuTimeLimit }
    return new Promise((resolve, reject) => {
      const server = new ForkServer(lasting, description, ({ reason }) => {
        this.#servers.delete(script)
        reject(new Error(reason))
      })
      const check = setInterval(() => {
        if (server.isUsable && !server.isReady) return
        clearInterval(check)
        resolve(server)
      }, 5)
    })
  }
}

function beginningOf(file: string): string {
  try {
    return readFileSync(Buffer.from(file, 'latin1'), 'latin1').slice(0, 100)
  } catch {
    return ''
  }
}
