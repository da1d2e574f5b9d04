import { availableParallelism } from 'node:os'
import {
  createSpawner,
  findProgram,
  invalidOption,
  type SpawnerOptions,
} from '@common-gateway/core/transport'
import type { FastcgiOptions } from './options.js'
import { CONFINEMENT_OPTIONS } from './rules.js'
import { Upstream } from './upstream/upstream.js'
import { UpstreamGroup } from './upstream/upstream-group.js'
import type { Upstreams, UpstreamsContext } from './upstreams.js'
import { WorkerPool } from './workers/worker-pool.js'

/** How many workers there are for each core. */
const WORKERS_PER_CORE = 2
/** How long a worker without requests is kept, in milliseconds. */
const IDLE_TIMEOUT = 60_000

/** @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function createWorkerUpstreams(
  options: FastcgiOptions,
  spawn: string | readonly string[],
  { protocol, connectTimeout, logger }: UpstreamsContext,
): Upstreams {
  const [program = '', ...args] = typeof spawn === 'string' ? [spawn] : spawn
  const file = findProgram(program)
  if (file === undefined) throw invalidOption('spawn', 'a program that can be run', spawn)
  const pool = new WorkerPool({
    command: [file, ...args],
    cwd: options.cwd ?? '/',
    env: options.env ?? {},
    inheritEnv: options.inheritEnv ?? [],
    processes: options.processes ?? WORKERS_PER_CORE * availableParallelism(),
    maxRequests: options.maxRequests ?? 0,
    idleTimeout: options.idleTimeout ?? IDLE_TIMEOUT,
    spawner: createSpawner(rightsOf(options)),
    logger,
  })
  const { keepAlive = protocol === 'fastcgi' } = options
  const settings = {
    maxConnections: 1,
    asksProcessCount: false,
    connectTimeout,
    keepAlive: keepAlive === true ? 0 : keepAlive || null,
  }
  const group = new UpstreamGroup(
    pool.workers.map(
      (worker) => new Upstream(worker.name, { address: worker.address, worker }, settings),
    ),
    logger,
  )
  return {
    name: `${protocol}:${program}`,
    group,
    async close(killTimeout) {
      group.close()
      await pool.close(killTimeout)
    },
  }
}

/** The limits and rights of workers. */
function rightsOf(options: FastcgiOptions): SpawnerOptions {
  const rights = CONFINEMENT_OPTIONS.map((name) => [name, options[name]] as const)
  return Object.fromEntries(rights.filter(([, value]) => value !== undefined))
}
