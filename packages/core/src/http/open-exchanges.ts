import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ArraySet } from '../data/array-set.js'
import { serverOf } from '../data/node-internals.js'
import { allowHalfClose, type HalfClosable } from './half-close.js'
import { keepParserErrors } from './parser-error.js'

/** An exchange that is not over. */
export interface OpenExchange extends HalfClosable {
  /** To be called when the client has gone. */
  leave(): void
}

/** The open exchanges of each connection, the oldest first: one listener on each socket is enough. */
const open = new WeakMap<Socket, ArraySet<OpenExchange>>()

/** Adds an exchange to those of its connection. */
export function addExchange(exchange: OpenExchange): void {
  const { socket } = exchange.message
  const known = open.get(socket)
  if (known !== undefined) {
    known.add(exchange)
    return
  }
  const exchanges = new ArraySet<OpenExchange>()
  exchanges.add(exchange)
  open.set(socket, exchanges)
  // A response that waits for its turn on the connection (pipelining) does not emit 'close'.
  socket.once('close', () => [...exchanges.members].forEach((one) => one.leave()))
  const server = serverOf(socket)
  if (server === undefined || exchange.message.httpVersionMajor !== 1) return
  // TLS has close_notify; half-close does not apply.
  if (!('encrypted' in socket)) allowHalfClose(socket, server, exchanges.members)
  keepParserErrors(server, socket, () => exchanges.size > 0)
}

/** Removes an exchange that is over. */
export function removeExchange(exchange: OpenExchange): void {
  open.get(exchange.message.socket)?.delete(exchange)
}

/** Removes all exchanges of a response: there are several after a local redirect. */
export function removeExchangesOf({ socket }: IncomingMessage, response: ServerResponse): void {
  const exchanges = open.get(socket)?.members ?? []
  for (const exchange of exchanges.filter((one) => one.response === response)) {
    removeExchange(exchange)
  }
}

/** Whether the connection has another request whose response is to come (pipelining). */
export function isFollowed(message: IncomingMessage): boolean {
  const exchanges = open.get(message.socket)?.members ?? []
  return exchanges.some(
    (exchange) => exchange.message !== message && !exchange.response.writableFinished,
  )
}
