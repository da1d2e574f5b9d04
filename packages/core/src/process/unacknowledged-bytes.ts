import type { Socket } from 'node:net'
import { handleOf } from '../data/node-internals.js'
import { loadCLibrary } from './posix/c-library.js'

/** Linux: returns how many bytes the peer has not acknowledged (tcp(7)), or not read (unix(7)). */
const SIOCOUTQ = 0x5411

type Count = (descriptor: number) => number | undefined

const answer = new Int32Array(1)
let count: Count | undefined

/** Whether {@link unacknowledgedBytes} counts what the peer has not taken. */
export function countsAcknowledged(): boolean {
  count ??= createCount()
  return count !== NOT_REPORTED
}

/**
 * How many bytes that were written to a connection the system still holds: the peer has not acknowledged them, or, for a
 * Unix socket, not read them. Where the system does not report that, only those count that it has not taken. Undefined for a
 * connection that is not Node's, or is closed.
 *
 * A Unix socket counts its memory, which is more than the bytes in it.
 */
export function unacknowledgedBytes(socket: Socket): number | undefined {
  count ??= createCount()
  const { fd, writeQueueSize } = handleOf(socket) ?? {}
  if (writeQueueSize === undefined) return undefined
  const held = fd === undefined ? undefined : count(fd)
  return writeQueueSize + (held ?? 0)
}

const NOT_REPORTED: Count = () => undefined

function createCount(): Count {
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
