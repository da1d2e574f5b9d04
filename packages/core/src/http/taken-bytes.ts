import type { Socket } from 'node:net'
import { handleOf } from '../data/node-internals.js'
import { loadCLibrary } from '../process/posix/c-library.js'

/** Linux: how many bytes the peer has not acknowledged (tcp(7)), or not read (unix(7)). */
const SIOCOUTQ = 0x5411

type Ask = (descriptor: number) => number | undefined

const answer = new Int32Array(1)
let ask: Ask | undefined

/** Whether it can be told what the peer has; else it is what the system has taken, by the megabyte. */
export function canTellTaken(): boolean {
  ask ??= createAsk()
  return ask !== NOBODY_KNOWS
}

/**
 * How many bytes the other side of a connection has taken. What it has been sent and not acknowledged does
 * not count: the system may hold megabytes of that. Undefined where the connection is not one of Node's.
 */
export function takenBytes(socket: Socket): number | undefined {
  ask ??= createAsk()
  const { fd, bytesWritten, writeQueueSize } = handleOf(socket) ?? {}
  if (bytesWritten === undefined || writeQueueSize === undefined) return undefined
  const waiting = fd === undefined ? undefined : ask(fd)
  return bytesWritten - writeQueueSize - (waiting ?? 0)
}

/** Whether a connection has bytes that the system does not take. */
export function hasUnsent(socket: Socket): boolean {
  return socket.writableLength > 0 || (handleOf(socket)?.writeQueueSize ?? 0) > 0
}

const NOBODY_KNOWS: Ask = () => undefined

function createAsk(): Ask {
  if (process.platform !== 'linux') return NOBODY_KNOWS
  try {
    const { ioctl } = loadCLibrary()
    return (descriptor) =>
      ioctl(descriptor, SIOCOUTQ, 'void *', answer) === 0 ? answer[0] : undefined
  } catch {
    // There is no koffi here.
    return NOBODY_KNOWS
  }
}
