import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** A request that is being answered. */
export interface Exchange {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Since when the client has nothing more to send for it, by `performance.now()`. */
  readonly since: number
  /** Whether what has been written for it, if anything, is a script's. */
  hasBegun(): boolean
}

/** Who closes a side this soon after the request had that in mind, and waits; in milliseconds. */
const AT_ONCE = 100
/** How long a client that waits is not asked anything; in milliseconds. */
const PATIENCE = 2_500
/** When it is asked, in milliseconds: that nobody is there is heard only at the question after. */
const QUESTIONS = [0, 100, 1_000, 10_000]

/**
 * Lets a client of HTTP/1.x close its sending side after its request and still have the answer, where
 * Node would end the connection. A client that has gone has closed that side too, and only what is
 * written to it tells one from the other: so it is asked by bytes that a client which is still there
 * reads over. Where the protocol has none, who closes a side at once waits for the answer, and who
 * does so later has gone.
 *
 * @param exchanges - the requests on this connection that are not done, the oldest first.
 */
export function allowHalfClose(
  socket: Socket,
  // The type does not say so.
  server: Server & { httpAllowHalfOpen?: boolean },
  exchanges: ReadonlySet<Exchange>,
): void {
  // Node asks for the switch in a listener of its own, which comes between these two.
  let before = false
  socket.prependListener('end', () => {
    before = server.httpAllowHalfOpen ?? false
    // Who leaves in the middle of a body does not wait for an answer.
    const isWhole = [...exchanges].every(({ message }) => message.complete)
    server.httpAllowHalfOpen ||= exchanges.size > 0 && isWhole
  })
  socket.on('end', () => {
    server.httpAllowHalfOpen = before
    const [oldest] = exchanges
    if (oldest !== undefined) questionClient(socket, exchanges, performance.now() - oldest.since)
  })
}

/** Sees to it that a client which has closed one side does not go unnoticed when it closes the other. */
function questionClient(socket: Socket, exchanges: ReadonlySet<Exchange>, openFor: number): void {
  const isWaiting = openFor < AT_ONCE
  let { bytesWritten } = socket
  const timers = QUESTIONS.map((delay) =>
    setTimeout(
      () => {
        const [oldest] = exchanges
        if (oldest === undefined || oldest.response.writableEnded) return
        // What flows anyway asks by itself.
        const isSilent = socket.bytesWritten === bytesWritten && socket.writableLength === 0
        if (isSilent && !ask(oldest, socket) && !isWaiting && delay > 0) socket.destroy()
        bytesWritten = socket.bytesWritten
      },
      delay + (isWaiting ? PATIENCE : 0),
    ),
  )
  socket.once('close', () => timers.forEach(clearTimeout))
}

/** Sends what a client that is still there reads over. Returns whether there is such a thing now. */
function ask(exchange: Exchange, socket: Socket): boolean {
  const { message, response } = exchange
  if (response.headersSent) {
    // RFC 9112 section 7.1: the size of the next chunk may begin with zeros.
    if (response.chunkedEncoding) socket.write('0')
    return response.chunkedEncoding
  }
  // RFC 9110 section 15.2: any client of HTTP/1.1 takes interim responses, and HTTP/1.0 has none. (102:
  // RFC 2518 section 10.1.) An NPH script writes its header itself, and may have.
  const canAsk = message.httpVersion === '1.1' && response.socket === socket && !exchange.hasBegun()
  if (canAsk) response.writeProcessing()
  return canAsk
}
