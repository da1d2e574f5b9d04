import assert from 'node:assert/strict'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createSpawner, type SpawnerOptions } from '@common-gateway/core/transport'
import type { ManagedWorker } from '@internal/fastcgi/workers/managed-worker.js'
import { WorkerPool, type WorkerPoolSettings } from '@internal/fastcgi/workers/worker-pool.js'
import type { Test } from 'tap'
import { open, send, text } from '../connection/requests.js'

/** The application of this folder. */
export const APPLICATION = [
  process.execPath,
  fileURLToPath(new URL('application.js', import.meta.url)),
] as const

export const SPAWNERS = ['posix_spawn', 'child_process'] as const

/** A message of a pool. */
interface Message {
  readonly facts: object
  readonly message: string
}

/** A pool, and what it has logged. */
export interface TestedPool {
  readonly pool: WorkerPool
  /** Its first worker. */
  readonly worker: ManagedWorker
  readonly messages: readonly Message[]
}

/** Creates a pool of one worker that is closed with the test. */
export function createPool(
  t: Test,
  settings: Partial<WorkerPoolSettings> = {},
  spawner: SpawnerOptions = {},
): TestedPool {
  const messages: Message[] = []
  const log = (facts: object, message: string): void => void messages.push({ facts, message })
  const pool = new WorkerPool({
    command: APPLICATION,
    cwd: '/',
    env: {},
    inheritEnv: [],
    processes: 1,
    maxRequests: 0,
    idleTimeout: 0,
    spawner: createSpawner(spawner),
    logger: { warn: log, error: log },
    ...settings,
  })
  // Nothing of a pool keeps the event loop alive.
  const timer = setInterval(() => {}, 1_000)
  t.after(async () => {
    clearInterval(timer)
    await pool.close(100)
  })
  const [worker] = pool.workers
  assert.ok(worker !== undefined)
  return { pool, worker, messages }
}

/** Has a worker answer a request on a connection of its own. Rejects where it does not. */
export async function ask(t: Test, worker: ManagedWorker, query = ''): Promise<string> {
  let isAnswered = false
  try {
    await worker.ready()
    const connection = await open(t, worker.address)
    const environment = { QUERY_STRING: query }
    const exchange = send(connection, { environment, keepConnection: false })
    const answer = await text(exchange.stdout)
    isAnswered = true
    return answer.split('\r\n\r\n')[1] ?? ''
  } finally {
    worker.finished(isAnswered)
  }
}

/** The folder of the sockets of a pool. */
export function folderOf(worker: ManagedWorker): string {
  assert.ok('path' in worker.address)
  return path.dirname(worker.address.path)
}
