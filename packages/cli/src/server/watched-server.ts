import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { Connections } from './connections.js'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'
import { answerRefusedRequests } from './refused-requests.js'
import type { RequestJournal } from '../journal/request-journal.js'
import { isStatusRequest } from '../access/access.js'
import type { TlsIdentity } from './tls-identity.js'

/** A server, and what ends its connections. */
export interface WatchedServer {
  readonly server: Server
  /** Ends connections that nothing is under way on, and each other when nothing is any more. */
  endIdle(): void
  /** Ends all that is under way. */
  cutOff(): void
}

/**
 * How long a client may take to say what it wants, in milliseconds: for the handshake of TLS, for the
 * header of a request, and between two requests of HTTP/2.
 */
const PATIENCE = 30_000

const LIMITS = {
  // No bound on how long an upload takes: the gateway has one for uploads that stall. Without another
  // number, Node would bound the header by this one.
  requestTimeout: 0,
  headersTimeout: PATIENCE,
  connectionsCheckingInterval: 5_000,
}

/** Makes a server whose requests are in the journal: of HTTP/1.1, or with TLS of HTTP/2 as well. */
export function createWatchedServer(
  handler: RequestListener,
  journal: RequestJournal,
  tls: TlsIdentity | null,
  hasStatus: boolean,
): WatchedServer {
  const connections = new Connections()
  const answer = (request: RawRequest, response: RawResponse): void => {
    // What the status page asks for itself would be all that it shows.
    if (!hasStatus || !isStatusRequest(request)) journal.watch(request, response)
    connections.begin(request, response)
    // Fastify takes those of HTTP/2 as well, which the type of its handler does not say.
    handler(request as Parameters<RequestListener>[0], response as Parameters<RequestListener>[1])
  }
  const server =
    tls === null ? createServer(LIMITS, answer) : createTlsServer(tls, answer, connections)
  server.on('connection', (socket) => connections.add(socket))
  answerRefusedRequests(server, connections, journal)
  return {
    server,
    endIdle: () => connections.endIdle(),
    cutOff: () => connections.cutOff(),
  }
}

function createTlsServer(
  tls: TlsIdentity,
  answer: (request: RawRequest, response: RawResponse) => void,
  connections: Connections,
): Server {
  const options = { ...tls, allowHTTP1: true, handshakeTimeout: PATIENCE }
  const server: Http2SecureServer = createSecureServer(options, answer)
  // Node takes these for its requests of HTTP/1, though not as options.
  Object.assign(server, LIMITS)
  server.on('secureConnection', (socket) => connections.addSecure(socket))
  server.on('session', (session) => {
    connections.addSession(session)
    session.setTimeout(PATIENCE, () => session.close())
  })
  // A server, too, for all that Fastify does with it.
  return server as unknown as Server
}
