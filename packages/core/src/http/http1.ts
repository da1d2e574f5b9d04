import type { Socket } from 'node:net'
import { isFollowed } from './open-exchanges.js'
import type { Protocol } from './protocol.js'

/** HTTP/1.0 and HTTP/1.1; also a request that is injected for a test, which has no connection. */
export const http1: Protocol = {
  hasBody: ({ headers }) =>
    headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined,
  // A request of fastify.inject() never sets `complete`.
  isComplete: (message) => message.readableEnded || message.complete,
  watch() {},
  outgoing: (_message, response) => response,
  emitters: (message, response) => [message, response],
  refuseRest: ({ socket }) => socket.destroySoon(),
  breakResponse({ httpVersion, socket }, response) {
    // The end of the connection ends an HTTP/1.0 body; only a reset tells the client that bytes are missing.
    if (httpVersion === '1.0' && response.headersSent) resetConnection(socket)
  },
  abandon({ socket }, response) {
    resetConnection(socket)
    response.destroy()
  },
  connectionEnd: (message) => () => {
    if (!isFollowed(message)) message.socket.destroySoon()
  },
}

/** Ends a connection so that the client sees that bytes are missing. */
export function resetConnection(socket: Socket): void {
  // TLS has close_notify for a proper end, and cannot be reset. Nor can a Unix socket, which has no port:
  // resetAndDestroy() throws.
  if ('encrypted' in socket || socket.localPort === undefined) socket.destroy()
  else socket.resetAndDestroy()
}
