import path from 'node:path'
import {
  type CgiLogger,
  inheritedVariables,
  type SupervisedSpawner,
  toByteString,
} from '@common-gateway/core/transport'
import { RestartDelay } from './restart-delay.js'
import { SocketFolder } from './socket-folder.js'
import { Worker } from './worker.js'

/** What a pool is made of. Times are in milliseconds. */
export interface WorkerPoolSettings {
  /** Absolute path of the program, and its arguments. */
  readonly command: readonly [program: string, ...args: string[]]
  readonly cwd: string
  /** Variables of the workers. */
  readonly env: Readonly<Record<string, string>>
  /** Names of variables of this process that workers get. */
  readonly inheritEnv: readonly string[]
  readonly processes: number
  readonly maxRequests: number
  readonly idleTimeout: number
  readonly spawner: SupervisedSpawner
  readonly logger: CgiLogger
}

/**
 * php-cgi ends by itself after 500 requests, also while the next one is on its way; the pool replaces a worker
 * between two requests (`maxRequests`).
 */
const OWN_VARIABLES = { PHP_FCGI_MAX_REQUESTS: '0' }

/** Why the workers of a pool end that is closed. */
const CLOSED = 'the last gateway that has it is closed'

/** The workers of a program. None is started before its first request. */
export class WorkerPool {
  readonly workers: readonly Worker[]
  readonly #folder = new SocketFolder()

  constructor(settings: WorkerPoolSettings) {
    const { command, cwd, processes, spawner, logger } = settings
    const [program, ...args] = command
    const start = {
      command: [toByteString(program), ...args.map(toByteString)],
      cwd,
      environment: createEnvironment(settings),
      folder: this.#folder,
      spawner,
      logger,
    } as const
    const life = { ...settings, restartDelay: new RestartDelay() }
    this.workers = Array.from({ length: processes }, (_, index) => {
      const number = index + 1
      const name = `${path.basename(program)} ${number}`
      return new Worker({ ...start, name, socketName: `${number}.socket` }, life)
    })
  }

  /** Ends all workers: SIGTERM, after `killTimeout` milliseconds SIGKILL. Resolves when nothing of them is left; the next request would start them again. */
  async close(killTimeout: number): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.kill(killTimeout, CLOSED)))
    this.#folder.remove()
  }
}

/** Values are byte strings. */
function createEnvironment({ env, inheritEnv }: WorkerPoolSettings): Record<string, string> {
  const variables = { ...inheritedVariables(inheritEnv), ...OWN_VARIABLES, ...env }
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [toByteString(name), toByteString(value)]),
  )
}
