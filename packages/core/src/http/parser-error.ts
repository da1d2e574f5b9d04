import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { codeOf } from '../data/error-code.js'
import { responseOn } from '../data/node-internals.js'

/** What Node writes where the server has no listener for `'clientError'`. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'

/** Whether a connection has an open exchange. */
type IsAnswering = () => boolean

/** The connections of each server whose parser errors are kept. */
const kept = new WeakMap<Server, WeakMap<Socket, IsAnswering>>()

/**
 * Keeps an error of Node's parser on this connection until the complete requests before it are answered. Node
 * emits `'clientError'` as soon as it has read an invalid request or waited too long for the rest of one, and the
 * connection ends while a response is still to come: one byte too many after a body would cost a client its
 * response (RFC 9112 sections 9.3.2 and 9.6).
 */
export function keepParserErrors(server: Server, socket: Socket, isAnswering: IsAnswering): void {
  const connections = kept.get(server) ?? interceptErrors(server)
  connections.set(socket, isAnswering)
}

/** Runs before every listener for `'clientError'`; passes all other events on. */
function interceptErrors(server: Server): WeakMap<Socket, IsAnswering> {
  const connections = new WeakMap<Socket, IsAnswering>()
  const waiting = new WeakSet<Socket>()
  kept.set(server, connections)
  const emit = server.emit.bind(server)
  // One function for every event, as emit() is without its overloads.
  const intercepted = (event: string, ...args: unknown[]): boolean => {
    const [error, socket] = args as [unknown, Socket]
    if (event !== 'clientError' || connections.get(socket)?.() !== true) return emit(event, ...args)
    if (!isParserError(error) || !isHeld(socket)) return emit(event, ...args)
    if (!waiting.has(socket)) void emitLater(socket, args)
    waiting.add(socket)
    return true
  }
  server.emit = intercepted

  async function emitLater(socket: Socket, args: unknown[]): Promise<void> {
    for (
      let response = responseOn(socket);
      response && isHeld(socket);
      response = responseOn(socket)
    ) {
      await closed(response)
    }
    waiting.delete(socket)
    if (socket.destroyed || emit('clientError', ...args)) return
    // As Node does without a listener.
    if (responseOn(socket)?.headersSent === true) socket.destroy()
    else socket.end(BAD_REQUEST)
  }

  return connections
}

/** Not once() of node:events, which would also listen for `'error'`. */
function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()))
}

function isParserError(error: unknown): boolean {
  const code = codeOf(error)
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** Whether the response that has the connection answers a complete request. */
function isHeld(socket: Socket): boolean {
  return !socket.destroyed && responseOn(socket)?.req.complete === true
}
