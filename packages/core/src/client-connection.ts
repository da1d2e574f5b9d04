import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { drain } from './drain.js'

/** Those to be told when a connection is gone; one listener on each socket is enough. */
const watched = new WeakMap<Socket, Set<() => void>>()

/** Aborted when the client has gone before it had its response. */
export function watchClient(message: IncomingMessage, response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  const leave = (): void => {
    if (!response.writableFinished) controller.abort()
  }
  if (response.destroyed) leave()
  // A response that waits for its turn on the connection (pipelining) is not told of its end.
  const leavers = leaversOf(message.socket)
  leavers.add(leave)
  response.once('close', () => {
    leavers.delete(leave)
    leave()
  })
  response.once('finish', () => {
    if (message.complete) return
    // The client still sends what nobody reads: not for ever, and never taken for a next request.
    void drain(message).then(() => {
      if (!message.complete) message.socket.destroySoon()
    })
  })
  return controller.signal
}

function leaversOf(socket: Socket): Set<() => void> {
  const known = watched.get(socket)
  if (known !== undefined) return known
  const leavers = new Set<() => void>()
  watched.set(socket, leavers)
  socket.once('close', () => leavers.forEach((leave) => leave()))
  return leavers
}

/** Ends a connection so that the peer knows it was not meant to end here. */
export function resetConnection(socket: Socket): void {
  // TLS has a sign of its own for a proper end, and cannot be reset.
  if ('encrypted' in socket) socket.destroy()
  else socket.resetAndDestroy()
}
