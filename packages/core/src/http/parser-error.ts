import type { Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { responseOn } from '../data/node-internals.js'

/** What Node writes where nobody listens for `clientError`. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'

/** Whether a script is answering on a connection. */
type IsAnswering = () => boolean

/** The connections of each server whose errors are kept. */
const kept = new WeakMap<Server, WeakMap<Socket, IsAnswering>>()

/**
 * Keeps an error of Node's parser on this connection until the complete requests before it are
 * answered. Node tells of what is no request, or no whole one in time, as soon as it knows, and the
 * connection is ended under an answer that is still to come: a byte too many after a body would cost a
 * client its answer (RFC 9112 sections 9.3.2 and 9.6).
 */
export function keepParserErrors(server: Server, socket: Socket, isAnswering: IsAnswering): void {
  const connections = kept.get(server) ?? interceptErrors(server)
  connections.set(socket, isAnswering)
}

/** Comes before all who listen for `clientError`; whatever else the server emits is none of ours. */
function interceptErrors(server: Server): WeakMap<Socket, IsAnswering> {
  const connections = new WeakMap<Socket, IsAnswering>()
  const waiting = new WeakSet<Socket>()
  kept.set(server, connections)
  const emit = server.emit.bind(server)
  // One function for every event, as it is behind its type, too.
  const intercepted = (event: string, ...words: unknown[]): boolean => {
    const [error, socket] = words as [unknown, Socket]
    if (event !== 'clientError' || connections.get(socket)?.() !== true)
      return emit(event, ...words)
    if (!isParsers(error) || !isHeld(socket)) return emit(event, ...words)
    if (!waiting.has(socket)) void tellAfterwards(socket, words)
    waiting.add(socket)
    return true
  }
  server.emit = intercepted

  async function tellAfterwards(socket: Socket, words: unknown[]): Promise<void> {
    for (
      let response = responseOn(socket);
      response && isHeld(socket);
      response = responseOn(socket)
    ) {
      await closed(response)
    }
    waiting.delete(socket)
    if (socket.destroyed || emit('clientError', ...words)) return
    // As Node does it.
    if (responseOn(socket)?.headersSent === true) socket.destroy()
    else socket.end(BAD_REQUEST)
  }

  return connections
}

/** Not once(): an error of a response is not for us to hear. */
function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()))
}

function isParsers(error: unknown): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return String(error.code).startsWith('HPE_') || error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

/** Whether the response whose turn it is answers a request that has all come. */
function isHeld(socket: Socket): boolean {
  return !socket.destroyed && responseOn(socket)?.req.complete === true
}
