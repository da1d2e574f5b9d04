import type { ClientSignal } from '@common-gateway/core/transport'
import type { OnReadOpts, SocketConstructorOpts } from 'node:net'
import type { Address } from './address.js'
import { ApplicationSocket } from './application-socket.js'
import { Connection } from './connection.js'
import { codedError, toAbortError } from './connection-error.js'
import { ReadMemory } from './read-memory.js'

/** How a connection is made. */
export interface ConnectOptions {
  /** In milliseconds; 0: no limit. */
  readonly timeout: number
  /** Ends the attempt. */
  readonly signal?: ClientSignal | undefined
}

/**
 * Connects to an application.
 *
 * @throws {Error} of the system (`ECONNREFUSED`, `ENOENT`, `EACCES`, `EAGAIN` for a full backlog of a Unix socket);
 *   with the code `ETIMEDOUT` after `timeout`, and `ABORT_ERR` after `signal`.
 */
export function connect(
  address: Address,
  { timeout, signal }: ConnectOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(toAbortError())
      return
    }
    const memory = new ReadMemory()
    // The types of Node.js 20 have both with the options of `connect()` only, which passes them on.
    const options: SocketConstructorOpts & { onread: OnReadOpts; noDelay: boolean } = {
      onread: memory.onread,
      noDelay: true,
    }
    const socket = new ApplicationSocket(options)
    const settle = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
      socket.off('error', fail)
    }
    const fail = (error: Error): void => {
      settle()
      // A later failure of the attempt is of no interest, but without a listener it would end the process.
      socket.on('error', () => {}).destroy()
      reject(error)
    }
    const abort = (): void => fail(toAbortError())
    const expire = (): void => {
      // Timers come first: where the event loop was blocked, the connection may have been made in time.
      setImmediate(() => {
        if (socket.connecting) fail(codedError('ETIMEDOUT', `no connection within ${timeout} ms`))
      })
    }
    const timer = timeout === 0 ? undefined : setTimeout(expire, timeout)
    signal?.addEventListener('abort', abort)
    socket.once('error', fail).connect({ ...address }, () => {
      settle()
      resolve(new Connection(socket, memory))
    })
  })
}
