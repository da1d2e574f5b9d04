import { EventEmitter } from 'node:events'
import { IncomingMessage, OutgoingMessage, type Server, type ServerResponse } from 'node:http'
import { type Server as SocketServer, Socket } from 'node:net'
import { Readable, Writable } from 'node:stream'

/**
 * Everything in Node.js that this package depends on and that Node does not document, one function each. All
 * of it was read in the sources of Node.js 20.19, 22, 24 and 26, and `test/core/data/node-internals.test.ts`
 * has a case for each function that fails where Node behaves in another way.
 */

/**
 * The server that accepted a socket; undefined for a socket that no server of node:http or node:http2 accepted.
 * `socket.server`, set by net.Server:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/net.js (`onconnection`).
 */
export function serverOf(socket: Socket): Server | undefined {
  return (socket as unknown as { readonly server?: Server | null }).server ?? undefined
}

/**
 * The response that the socket of an HTTP/1 connection is assigned to. Later responses of pipelined requests
 * wait without a socket. `socket._httpMessage`, set by `assignSocket()`:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_server.js (`ServerResponse.prototype.assignSocket`).
 */
export function responseOn(socket: Socket): ServerResponse | null | undefined {
  return (socket as unknown as { readonly _httpMessage?: ServerResponse | null })._httpMessage
}

/**
 * Whether the header of a response was handed to its socket. `response.headersSent` is true earlier: as soon as
 * the header is composed, which a middleware that compresses may hold back until there is content.
 * `response._headerSent`, set by `_send()` within the turn of the event loop that wrote the first content:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_outgoing.js (`OutgoingMessage.prototype._send`).
 */
export function isHeaderWritten(response: ServerResponse): boolean {
  return (response as unknown as { readonly _headerSent?: boolean })._headerSent === true
}

/**
 * Whether the content of a response goes out in chunks (RFC 9112 section 7.1). `response.chunkedEncoding` has a
 * type, but no documentation:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_outgoing.js (`OutgoingMessage.prototype._storeHeader`).
 */
export function isChunked(response: ServerResponse): boolean {
  return response.chunkedEncoding
}

/**
 * Drops every byte that a response writes from now on, and reports it as written. `response._writeRaw()` is
 * the last step in front of the socket, behind all that middlewares put around `write()` and `end()`:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_outgoing.js (`OutgoingMessage.prototype._writeRaw`).
 */
export function muteResponse(response: ServerResponse): void {
  Object.assign(response, {
    _writeRaw(_data: unknown, encoding: unknown, callback: unknown): boolean {
      const done = typeof encoding === 'function' ? encoding : callback
      if (typeof done === 'function') process.nextTick(done as () => void)
      return true
    },
  })
}

/** Whether a server leaves a connection open whose client has ended its side; see {@link setHalfOpen}. */
export function isHalfOpen(server: Server): boolean {
  return (server as { readonly httpAllowHalfOpen?: boolean }).httpAllowHalfOpen ?? false
}

/**
 * Sets whether a server leaves a connection open whose client has ended its side. Node reads the switch in its
 * own listener for `'end'` of a socket. `server.httpAllowHalfOpen`:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_server.js (`socketOnEnd`).
 */
export function setHalfOpen(server: Server, isAllowed: boolean): void {
  Object.assign(server, { httpAllowHalfOpen: isAllowed })
}

/** The libuv stream under a socket; see {@link handleOf}. */
export interface StreamHandle {
  /** The file descriptor; undefined on Windows. */
  readonly fd?: number
  /** How many bytes were handed to libuv. */
  readonly bytesWritten?: number
  /** How many of them libuv still holds. */
  readonly writeQueueSize?: number
}

/**
 * The libuv stream under a socket, that of the TCP connection for TLS. `socket._handle` and, for TLS, the
 * `_parent` of a handle:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/net.js (`initSocketHandle`),
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_tls_wrap.js (`TLSSocket.prototype._wrapHandle`).
 */
export function handleOf(socket: Socket): StreamHandle | undefined {
  type Handle = StreamHandle & { readonly _parent?: Handle }
  let handle = (socket as unknown as { readonly _handle?: Handle | null })._handle ?? undefined
  while (handle?._parent !== undefined) handle = handle._parent
  return handle
}

/**
 * The descriptor of a listening socket; undefined on Windows, and where the server does not listen.
 * `server._handle.fd`: https://github.com/nodejs/node/blob/v24.0.0/lib/net.js (`setupListenHandle`),
 * https://github.com/nodejs/node/blob/v24.0.0/src/stream_base.cc (`GetFD`).
 */
export function descriptorOf(server: SocketServer): number | undefined {
  const { _handle } = server as unknown as { readonly _handle?: StreamHandle | null }
  return _handle?.fd
}

/**
 * Node's own methods that write, taken from the classes that define them: a subclass may have been patched
 * before this module is loaded.
 */
const writeResponse: unknown = Reflect.get(OutgoingMessage.prototype, 'write')
const SOCKET_METHODS: readonly (readonly [name: string, method: unknown])[] = [
  ['write', Reflect.get(Writable.prototype, 'write')],
  ['_write', Reflect.get(Socket.prototype, '_write')],
  ['_writev', Reflect.get(Socket.prototype, '_writev')],
]

/**
 * Whether a chunk written to a response goes to Node's own socket through Node's own methods only, which keep
 * no reference to a chunk after the callback of the write that follows it:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/internal/stream_base_commons.js (`afterWriteDispatched`).
 */
export function isWrittenByNode(response: ServerResponse): boolean {
  const { socket } = response
  return (
    Reflect.get(response, 'write') === writeResponse &&
    socket !== null &&
    SOCKET_METHODS.every(([name, method]) => Reflect.get(socket, name) === method)
  )
}

/** Node's own methods that pass the chunks of a request on, from the classes that define them. */
const REQUEST_METHODS: readonly (readonly [name: string, method: unknown])[] = [
  ['emit', Reflect.get(EventEmitter.prototype, 'emit')],
  ['on', Reflect.get(Readable.prototype, 'on')],
  ['pipe', Reflect.get(Readable.prototype, 'pipe')],
  ['push', Reflect.get(Readable.prototype, 'push')],
  ['read', Reflect.get(Readable.prototype, 'read')],
  ['_read', Reflect.get(IncomingMessage.prototype, '_read')],
]

/**
 * Whether the chunks of a stream come from Node's HTTP parser, which gives each of them memory of its own, and pass
 * through Node's own methods only, which keep no reference to a chunk after its `'data'` event:
 * https://github.com/nodejs/node/blob/v24.0.0/src/node_http_parser.cc (`on_body`),
 * https://github.com/nodejs/node/blob/v24.0.0/lib/internal/streams/readable.js (`addChunk`, `Readable.prototype.read`).
 */
export function isReadByNode(stream: Readable): boolean {
  return (
    stream instanceof IncomingMessage &&
    stream.socket instanceof Socket &&
    REQUEST_METHODS.every(([name, method]) => Reflect.get(stream, name) === method)
  )
}

/**
 * A request like another one on the same connection, completely received and without content. The constructor
 * of IncomingMessage is not documented, nor that these fields may be assigned:
 * https://github.com/nodejs/node/blob/v24.0.0/lib/_http_incoming.js (`IncomingMessage`).
 */
export function copyRequest(message: IncomingMessage): IncomingMessage {
  const { httpVersion, httpVersionMajor, httpVersionMinor } = message
  const copy = new IncomingMessage(message.socket)
  Object.assign(copy, { httpVersion, httpVersionMajor, httpVersionMinor, complete: true })
  copy.rawHeaders = [...message.rawHeaders]
  copy.headers = { ...message.headers }
  copy.headersDistinct = { ...message.headersDistinct }
  copy.push(null)
  return copy
}
