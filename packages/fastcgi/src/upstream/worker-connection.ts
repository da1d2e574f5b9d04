import { connect, type ConnectOptions } from '../connection/connect.js'
import type { Connection } from '../connection/connection.js'
import type { ManagedWorker } from '../workers/managed-worker.js'
import { codeOf, toConnectError } from './upstream-error.js'
import { EXIT_AFTER_CONNECTION, LONGEST_WORKER_END, within } from './worker-end.js'

/**
 * Connects to a worker that is ready. Its process may have ended just now: by itself, after so many requests, or since
 * its program is broken. Another one is started once.
 *
 * @throws {Error} of the system; {CgiError} CGI_ERR_NO_UPSTREAM and those of `ready()`.
 */
export async function connectToWorker(
  worker: ManagedWorker,
  options: ConnectOptions,
): Promise<Connection> {
  try {
    return await connect(worker.address, options)
  } catch (error) {
    const code = codeOf(error)
    if (code !== 'ECONNREFUSED' && code !== 'ENOENT') throw error
    await within(worker.exit, EXIT_AFTER_CONNECTION)
    if (worker.pid !== undefined) {
      await worker.kill(LONGEST_WORKER_END, 'the file of its socket was removed')
    }
  }
  await worker.ready(options.signal)
  try {
    return await connect(worker.address, options)
  } catch (error) {
    await within(worker.exit, EXIT_AFTER_CONNECTION)
    throw worker.failure ?? toConnectError(worker, error)
  }
}
