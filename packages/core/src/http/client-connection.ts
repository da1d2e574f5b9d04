import type { IncomingMessage, ServerResponse } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import { ClientDeparture } from '../data/client-departure.js'
import { drain } from '../data/drain.js'
import { allowHalfClose, type Exchange } from './half-close.js'
import { Delivery, type Outgoing } from './delivery.js'
import type { ClientSignal, DeliveryLimits } from '../data/message.js'
import { keepParserErrors } from './parser-error.js'
import { startTicking } from '../data/ticker.js'
import { serverOf } from '../data/node-internals.js'

/** A request whose client is watched. */
interface WatchedExchange extends Exchange {
  /** To be called when the client has gone. */
  leave(): void
}

/**
 * The requests of each connection, the oldest first; one listener on each socket is enough. Not in a Set:
 * V8 keeps a table that has been replaced, and all that was in it, until a full collection.
 */
const watched = new WeakMap<Socket, WatchedExchange[]>()

/** What has become of a response. */
interface Progress {
  /** Whether a script answers; what others answer leaves a script with nobody to hear it. */
  isBegun: boolean
  /** Whether that script writes all of it itself, status line and all. */
  isNonParsed: boolean
  /** Whether it is looked at when it is finished: whether its connection is to end. */
  isEnding: boolean
  /** How it goes out; undefined where nothing bounds that. */
  delivery?: Delivery
}

/** On the response itself: V8 keeps what is in a WeakMap until a full collection, too. */
const PROGRESS = Symbol('common-gateway')

function progressOf(response: ServerResponse & { [PROGRESS]?: Progress }): Progress {
  response[PROGRESS] ??= { isBegun: false, isNonParsed: false, isEnding: false }
  return response[PROGRESS]
}

/** Says that what a response holds from now on comes from a script. */
export function beginResponse(response: ServerResponse): void {
  progressOf(response).isBegun = true
}

/** Says the same, and that the script has the connection for itself. */
export function beginNonParsedResponse(response: ServerResponse): void {
  Object.assign(progressOf(response), { isBegun: true, isNonParsed: true })
}

/** Bounds how a client takes a response. */
export function limitDelivery(
  message: IncomingMessage,
  response: ServerResponse,
  limits: DeliveryLimits,
): void {
  const progress = progressOf(response)
  if (progress.delivery !== undefined) {
    // A script has redirected to another, which may be of another gateway.
    progress.delivery.limits = limits
  } else if (!isOver(message, response)) {
    const outgoing: Outgoing = {
      isBegun: () => progress.isBegun,
      isNonParsed: () => progress.isNonParsed,
      cutOff: () => abandonResponse(message, response),
    }
    progress.delivery = new Delivery(message, response, outgoing, limits)
    startTicking(progress.delivery)
  }
}

/** Whether a response is closed, so that it will not emit `'close'`. That of HTTP/2 does not say so itself. */
function isOver({ socket }: IncomingMessage, { destroyed }: ServerResponse): boolean {
  return destroyed || socket.destroyed
}

/** Ends a response that the client does not take: what waits for it is not kept. */
function abandonResponse(message: IncomingMessage, response: ServerResponse): void {
  const stream = streamOf(message)
  if (stream === undefined) {
    resetConnection(message.socket)
  } else {
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    stream.destroy()
  }
  response.destroy()
}

/** Leaves a request to the rest of the application: nothing is done to its connection any more. */
export function unwatchClient(message: IncomingMessage, response: ServerResponse): void {
  const exchanges = watched.get(message.socket) ?? []
  const ours = exchanges.filter((each) => each.response === response)
  for (const exchange of ours) remove(exchanges, exchange)
  // Another gateway may come next, with listeners of its own.
  expectMoreListeners(message, response)
}

/**
 * Aborted when nobody is there any more for what a script has to say: the client has gone, or somebody
 * else has answered. Also when the client goes before it has sent all of its body, answered or not.
 */
export function watchClient(message: IncomingMessage, response: ServerResponse): ClientSignal {
  const departure = new ClientDeparture()
  const { socket } = message
  const stream = streamOf(message)
  const progress = progressOf(response)
  const isWhole = !hasBody(message)
  // To Node, a request of HTTP/2 is complete when its stream is closed, too, by whatever.
  const isComplete = (): boolean =>
    // (A request of fastify.inject() does not say that it is complete.)
    isWhole || message.readableEnded || (stream === undefined && message.complete)
  const leave = (): void => {
    const isAnswered = response.writableFinished && progress.isBegun
    if (!isAnswered || !isComplete()) departure.abort()
  }
  if (stream !== undefined) {
    message.once('aborted', () => {
      // Node would end the body of a stream that is reset as if all of it had come.
      message.destroy()
      // And by NO_ERROR it stays until all is written, which nobody takes any more.
      process.nextTick(() => stream.destroy())
    })
  }
  const since: number | undefined = isWhole ? performance.now() : undefined
  const isNonParsed = (): boolean => progress.isNonParsed
  const exchange = { message, response, since, leave, isNonParsed }
  // A response that waits for its turn on the connection (pipelining) is not told of its end.
  const exchanges = exchangesOn(message)
  exchanges.push(exchange)
  if (isOver(message, response)) leave()
  response.once('close', () => {
    // Its own end says nothing of what the script has written past it.
    if (progress.isNonParsed) socket.once('close', () => progress.delivery?.stop())
    else progress.delivery?.stop()
    if (response.writableFinished && progress.isBegun && !isComplete()) {
      // Node has let go of the request, but the script may still be reading it.
      message.once('end', () => remove(exchanges, exchange))
      return
    }
    remove(exchanges, exchange)
    leave()
  })
  if (isWhole) return departure
  message.once('end', () => {
    exchange.since = performance.now()
  })
  // A response of HTTP/2 says that it is finished only when its client is, too; its stream does at once.
  const outgoing = stream ?? response
  outgoing.once('finish', () => {
    if (isComplete()) return
    // The client still sends what nobody reads: not for ever, and never taken for a next request.
    void drain(message).then(() => {
      if (isComplete()) return
      // RFC 9113 section 8.1: the answer is complete, and no more is wanted of the request.
      if (stream !== undefined) stream.close(constants.NGHTTP2_NO_ERROR)
      else socket.destroySoon()
    })
  })
  return departure
}

function exchangesOn(message: IncomingMessage): WatchedExchange[] {
  const { socket } = message
  const known = watched.get(socket)
  if (known !== undefined) return known
  const exchanges: WatchedExchange[] = []
  watched.set(socket, exchanges)
  socket.once('close', () => [...exchanges].forEach((exchange) => exchange.leave()))
  const server = serverOf(socket)
  if (server === undefined || message.httpVersionMajor !== 1) return exchanges
  // TLS says goodbye in both directions.
  if (!('encrypted' in socket)) allowHalfClose(socket, server, exchanges)
  keepParserErrors(server, socket, () => exchanges.length > 0)
  return exchanges
}

function remove(exchanges: WatchedExchange[], exchange: WatchedExchange): void {
  const index = exchanges.indexOf(exchange)
  if (index !== -1) exchanges.splice(index, 1)
}

/** The application, and we, add listeners anew each time that a request is seen. */
export function expectMoreListeners(message: IncomingMessage, response: ServerResponse): void {
  for (const each of [message, response, streamOf(message)]) {
    // Zero is no limit.
    const most = each?.getMaxListeners() ?? 0
    if (most > 0) each?.setMaxListeners(most + 10)
  }
}

/** Whether a request has content. */
export function hasBody(message: IncomingMessage): boolean {
  const { headers } = message
  if (headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined) {
    return true
  }
  // HTTP/2 needs neither.
  return streamOf(message)?.endAfterHeaders === false
}

/** The stream of a request of HTTP/2. */
function streamOf(message: IncomingMessage): ServerHttp2Stream | undefined {
  // The requests of HTTP/2 have one, which the type of HTTP/1's does not say.
  return (message as { stream?: ServerHttp2Stream }).stream
}

/** Ends a response that has begun so that the client knows it was not meant to end here. */
export function breakResponse(message: IncomingMessage, response: ServerResponse): void {
  const stream = streamOf(message)
  if (stream === undefined) {
    // The end of the connection is the end of an HTTP/1.0 body; only a reset says that it is not.
    if (message.httpVersion === '1.0' && response.headersSent) resetConnection(message.socket)
  } else if (response.headersSent) {
    // Destroyed, it would be reset without an error, which asks no more than that the client be
    // silent (RFC 9113 section 8.1).
    stream.close(constants.NGHTTP2_INTERNAL_ERROR)
  }
}

/**
 * Has a connection end after this response, if by then it is to. Other responses that scripts have begun
 * on it are let end, too.
 */
export function endConnectionAfter(
  message: IncomingMessage,
  response: ServerResponse,
  isToEnd: () => boolean,
): void {
  // A request that was redirected to several scripts asks for it several times.
  const progress = progressOf(response)
  if (progress.isEnding) return
  progress.isEnding = true
  const { socket } = message
  // Neither stream nor socket know their session any more when they are closed.
  const session = streamOf(message)?.session
  response.once('finish', () => {
    if (!isToEnd()) return
    if (session !== undefined) session.close()
    else if (message.httpVersionMajor < 2 && !isFollowed(message)) socket.destroySoon()
  })
}

/** Whether another request came after this one on its connection (pipelining), whose answer ends it. */
function isFollowed(message: IncomingMessage): boolean {
  return (watched.get(message.socket) ?? []).some(
    (each) => each.message !== message && !each.response.writableFinished,
  )
}

/** Ends a connection so that the peer knows it was not meant to end here. */
export function resetConnection(socket: Socket): void {
  // TLS has a sign of its own for a proper end, and cannot be reset. Nor can a socket of the file
  // system, which has no port: Node throws.
  if ('encrypted' in socket || socket.localPort === undefined) socket.destroy()
  else socket.resetAndDestroy()
}
