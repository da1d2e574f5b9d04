import type { Socket } from 'node:net'
import { handleOf } from '../data/node-internals.js'
import { unacknowledgedBytes } from '../process/unacknowledged-bytes.js'

/**
 * How many bytes the peer of a connection has taken. Bytes that were sent and not acknowledged do not count, where the
 * system reports them: it may hold megabytes of them. Undefined for a connection that is not Node's.
 */
export function takenBytes(socket: Socket): number | undefined {
  const bytesWritten = handleOf(socket)?.bytesWritten
  const unacknowledged = unacknowledgedBytes(socket)
  if (bytesWritten === undefined || unacknowledged === undefined) return undefined
  return bytesWritten - unacknowledged
}

/** Whether a connection holds bytes that the system does not take. */
export function hasUnsent(socket: Socket): boolean {
  return socket.writableLength > 0 || (handleOf(socket)?.writeQueueSize ?? 0) > 0
}
