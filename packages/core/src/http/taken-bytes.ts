import type { Socket } from 'node:net'
import { handleOf } from '../data/node-internals.js'
import { loadCLibrary } from '../process/posix/c-library.js'

/** Linux: returns how many bytes the peer has not acknowledged (tcp(7)), or not read (unix(7)). */
const SIOCOUTQ = 0x5411

type CountUnacknowledged = (descriptor: number) => number | undefined

const answer = new Int32Array(1)
let countUnacknowledged: CountUnacknowledged | undefined

/**
 * Whether {@link takenBytes} counts what the peer has acknowledged. Otherwise it counts what the system has
 * buffered, which may be megabytes ahead.
 */
export function countsAcknowledged(): boolean {
  countUnacknowledged ??= createCount()
  return countUnacknowledged !== NOT_REPORTED
}

/**
 * How many bytes the peer of a connection has taken. Bytes that were sent and not acknowledged do not count: the
 * system may hold megabytes of them. Undefined for a connection that is not Node's.
 */
export function takenBytes(socket: Socket): number | undefined {
  countUnacknowledged ??= createCount()
  const { fd, bytesWritten, writeQueueSize } = handleOf(socket) ?? {}
  if (bytesWritten === undefined || writeQueueSize === undefined) return undefined
  const unacknowledged = fd === undefined ? undefined : countUnacknowledged(fd)
  return bytesWritten - writeQueueSize - (unacknowledged ?? 0)
}

/** Whether a connection holds bytes that the system does not take. */
export function hasUnsent(socket: Socket): boolean {
  return socket.writableLength > 0 || (handleOf(socket)?.writeQueueSize ?? 0) > 0
}

const NOT_REPORTED: CountUnacknowledged = () => undefined

function createCount(): CountUnacknowledged {
  if (process.platform !== 'linux') return NOT_REPORTED
  try {
    const { ioctl } = loadCLibrary()
    return (descriptor) =>
      ioctl(descriptor, SIOCOUTQ, 'void *', answer) === 0 ? answer[0] : undefined
  } catch {
    // koffi is not installed.
    return NOT_REPORTED
  }
}
