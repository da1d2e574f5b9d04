import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { RawRequest, RawResponse } from './raw-exchange.js'
import type { RequestJournal } from './request-journal.js'
import { isStatusRequest } from './status/access.js'
import type { TlsIdentity } from './tls-identity.js'

/** A server, and what ends its connections. */
export interface WatchedServer {
  readonly server: Server
  /** Ends all that is under way. */
  cutOff(): void
}

/** Makes a server whose requests are in the journal: of HTTP/1.1, or with TLS of HTTP/2 as well. */
export function createWatchedServer(
  handler: RequestListener,
  journal: RequestJournal,
  tls: TlsIdentity | null,
  hasStatus: boolean,
): WatchedServer {
  const answer = (
    server: Pick<Server, 'listening'>,
    request: RawRequest,
    response: RawResponse,
  ): void => {
    // What the status page asks for itself would be all that it shows.
    if (!hasStatus || !isStatusRequest(request)) journal.watch(request, response)
    response.once('close', () => {
      // The server has been told to stop: it would wait for the client to close the connection.
      if (!server.listening && request.httpVersionMajor < 2) request.socket.destroySoon()
    })
    // Fastify takes those of HTTP/2 as well, which the type of its handler does not say.
    handler(request as Parameters<RequestListener>[0], response as Parameters<RequestListener>[1])
  }
  // No bound on how long an upload takes: the gateway has one for uploads that stall.
  if (tls === null) {
    const server = createServer({ requestTimeout: 0 }, (request, response) => {
      answer(server, request, response)
    })
    return { server, cutOff: () => server.closeAllConnections() }
  }
  const server = createSecureServer({ ...tls, allowHTTP1: true }, (request, response) => {
    answer(server, request, response)
  })
  const cutOff = followConnections(server)
  // A server, too, for all that Fastify does with it.
  return { server: server as unknown as Server, cutOff }
}

/** Has sessions end with their server, which waits for them. Returns what ends everything at once. */
function followConnections(server: Http2SecureServer): () => void {
  const sockets = new Set<Socket>()
  const sessions = new Set<ServerHttp2Session>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
  })
  // Fastify calls it when it is closed.
  Object.assign(server, {
    closeHttp2Sessions: () => sessions.forEach((session) => session.close()),
  })
  return () => sockets.forEach((socket) => socket.destroy())
}
