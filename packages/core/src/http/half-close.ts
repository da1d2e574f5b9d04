import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { isChunked, isHalfOpen, isHeaderWritten, setHalfOpen } from '../data/node-internals.js'

/** A request that the gateway answers. */
export interface HalfClosable {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** Since when the client has nothing more to send for it, by `performance.now()`; if that is known. */
  readonly since: number | undefined
  /** Whether a script has the connection for itself (NPH). */
  readonly isNonParsed: boolean
}

/** Who closes a side this soon after the request had that in mind, and waits; in milliseconds. */
const AT_ONCE = 100
/** How long a client that waits is not asked anything that a person could see; in milliseconds. */
const PATIENCE = 1_000
/** From one question to the next; the last again and again. That nobody is there is heard at the second. */
const INTERVALS = [100, 900, 9_000, 10_000] as const
/** How many digits are put before the size of a chunk: there are parsers that take sixteen in all. */
const MOST_ZEROS = 8

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
  server: Server,
  exchanges: readonly HalfClosable[],
): void {
  // Node asks for the switch in a listener of its own, which comes between these two.
  let before = false
  socket.prependListener('end', () => {
    before = isHalfOpen(server)
    // Who leaves in the middle of a body does not wait for an answer.
    const isWhole = exchanges.every(({ message }) => message.complete)
    setHalfOpen(server, before || (exchanges.length > 0 && isWhole))
  })
  socket.on('end', () => {
    setHalfOpen(server, before)
    const [oldest] = exchanges
    if (oldest === undefined) return
    const now = performance.now()
    questionClient(socket, exchanges, now - (oldest.since ?? now) < AT_ONCE)
  })
}

/** Finds out that a client which has closed one side closes the other. */
function questionClient(
  socket: Socket,
  exchanges: readonly HalfClosable[],
  isWaiting: boolean,
): void {
  let { bytesWritten } = socket
  let rounds = 0
  let asked = 0
  // A digit of a chunk's size is seen by no application, so there is no need to wait with it.
  const isToWait = isWaiting && !exchanges.slice(0, 1).some(isInChunks)
  let timer = setTimeout(look, isToWait ? PATIENCE : 0)
  socket.once('close', () => clearTimeout(timer))

  function look(): void {
    const [oldest] = exchanges
    if (oldest === undefined) return
    // What flows anyway asks by itself.
    const isSilent = socket.bytesWritten === bytesWritten && socket.writableLength === 0
    if (!isSilent) asked = 0
    // What others answer on this connection is theirs.
    else if (oldest.response.socket === socket && !oldest.response.writableEnded) {
      if (canAsk(oldest)) {
        if (asked < MOST_ZEROS) ask(oldest.response, socket)
        asked += 1
      } else if (!isWaiting && rounds > 0) {
        socket.destroy()
      }
    }
    bytesWritten = socket.bytesWritten
    timer = setTimeout(look, INTERVALS[rounds] ?? INTERVALS[3])
    rounds += 1
  }
}

/** Whether there is something that a client which is still there reads over. */
function canAsk(exchange: HalfClosable): boolean {
  const { message, response } = exchange
  if (message.httpVersion !== '1.1' || exchange.isNonParsed) return false
  return !isHeaderWritten(response) || isChunked(response)
}

/** Whether a response is between two chunks of its content. */
function isInChunks(exchange: HalfClosable): boolean {
  return canAsk(exchange) && isHeaderWritten(exchange.response)
}

function ask(response: ServerResponse, socket: Socket): void {
  // RFC 9112 section 7.1: the size of the next chunk may begin with zeros.
  if (isHeaderWritten(response)) socket.write('0')
  // RFC 9110 section 15.2: any client of HTTP/1.1 takes interim responses. (102: RFC 2518 section 10.1.)
  else response.writeProcessing()
}
