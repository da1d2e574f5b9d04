import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { createSecureServer, type Http2SecureServer } from 'node:http2'
import { Connections } from './connections.js'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'
import { answerRefusedRequests } from './refused-requests.js'
import type { RequestJournal } from '../journal/request-journal.js'
import { isStatusRequest } from '../access/access.js'
import type { TlsIdentity } from './tls-identity.js'

/** A server and the functions that end its connections. */
export interface WatchedServer {
  readonly server: Server
  /** Ends the connections without a response now, and each other one after its last response. */
  endIdle(): void
  /** Destroys all connections. */
  cutOff(): void
}

/**
 * The time for a TLS handshake, for the header of a request, and between two requests of HTTP/2, in
 * milliseconds.
 */
const CLIENT_TIMEOUT = 30_000

/** Creates a server that records its requests in the journal. With TLS, it supports HTTP/2 and HTTP/1.1. */
export function createWatchedServer(
  handler: RequestListener,
  journal: RequestJournal,
  tls: TlsIdentity | null,
  hasStatus: boolean,
  clientTimeout = CLIENT_TIMEOUT,
): WatchedServer {
  const connections = new Connections()
  const answer = (request: RawRequest, response: RawResponse): void => {
    // The status page does not show its own requests.
    if (!hasStatus || !isStatusRequest(request)) journal.watch(request, response)
    connections.begin(request, response)
    // The handler of Fastify supports requests of HTTP/2 too. Its type does not say so.
    handler(request as Parameters<RequestListener>[0], response as Parameters<RequestListener>[1])
  }
  const limits = {
    // Does not limit the time of an upload: the gateway has a time-out for uploads that stall.
    requestTimeout: 0,
    // Its default is the value of requestTimeout.
    headersTimeout: clientTimeout,
    connectionsCheckingInterval: clientTimeout / 6,
  }
  const server =
    tls === null ? createServer(limits, answer) : createTlsServer(tls, limits, answer, connections)
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
  limits: ServerOptions & { headersTimeout: number },
  answer: (request: RawRequest, response: RawResponse) => void,
  connections: Connections,
): Server {
  const options = { ...tls, allowHTTP1: true, handshakeTimeout: limits.headersTimeout }
  const server: Http2SecureServer = createSecureServer(options, answer)
  // Node.js reads these from the server for requests of HTTP/1. They are not options of createSecureServer().
  Object.assign(server, limits)
  server.on('secureConnection', (socket) => connections.addSecure(socket))
  server.on('session', (session) => {
    connections.addSession(session)
    session.setTimeout(limits.headersTimeout, () => session.close())
  })
  // It has the methods and events of a Server that Fastify uses.
  return server as unknown as Server
}
