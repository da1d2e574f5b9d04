import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { type Moment, momentNow } from '../data/moment.js'
import { isChunked, isHalfOpen, isHeaderWritten, setHalfOpen } from '../data/node-internals.js'

/** An exchange whose client may close its sending side and wait for the response. */
export interface HalfClosable {
  readonly message: IncomingMessage
  readonly response: ServerResponse
  /** When the request was complete; undefined until then. */
  readonly completedAt: Moment | undefined
  /** Whether the script writes to the connection itself (NPH). */
  readonly isNonParsed: boolean
}

/**
 * A client that half-closes this soon after its request did so on purpose and is waiting; in milliseconds in which the
 * event loop was idle. Where it is busy, it reads the close late.
 */
const HALF_CLOSE_WINDOW = 100
/** But not after this time, in milliseconds. */
const LONGEST_HALF_CLOSE_WINDOW = 1_000
/** How long a waiting client is not sent a probe that its user could see; in milliseconds. */
const PROBE_DELAY = 1_000
/** From one probe to the next, in milliseconds; the last repeats. The second probe fails if the client has gone. */
const PROBE_INTERVALS = [100, 900, 9_000, 10_000] as const
/** How many zeros precede the size of a chunk: some parsers accept sixteen digits in all. */
const MAX_ZEROS = 8

/**
 * Lets an HTTP/1.x client close its sending side after its request and still receive the response; Node would
 * end the connection. A client that has gone has closed that side too, and only a write tells one from the
 * other. So the client is probed with bytes that a waiting client ignores. Where the protocol has none, a client
 * that half-closes at once is taken for waiting, and one that does so later for gone.
 *
 * @param exchanges - the open exchanges of this connection, the oldest first.
 */
export function allowHalfClose(
  socket: Socket,
  server: Server,
  exchanges: readonly HalfClosable[],
): void {
  // Node reads the switch in its own listener, which runs between these two.
  let before = false
  socket.prependListener('end', () => {
    before = isHalfOpen(server)
    // A client that leaves in the middle of a body does not wait for a response.
    const isWhole = exchanges.every(({ message }) => message.complete)
    setHalfOpen(server, before || (exchanges.length > 0 && isWhole))
  })
  socket.on('end', () => {
    setHalfOpen(server, before)
    const last = exchanges.at(-1)
    if (last === undefined) return
    // What a script has redirected to another is complete since the client sent it.
    const sent = exchanges.find(({ response }) => response === last.response) ?? last
    probeClient(socket, exchanges, hasClosedAtOnce(sent))
  })
}

/** Whether a client has closed its side, just now, as soon as its last request was complete. */
function hasClosedAtOnce({ completedAt }: HalfClosable): boolean {
  const now = momentNow()
  const { time, idleTime } = completedAt ?? now
  return now.time - time < LONGEST_HALF_CLOSE_WINDOW && now.idleTime - idleTime < HALF_CLOSE_WINDOW
}

/** Finds out when a client that has closed one side closes the other. */
function probeClient(socket: Socket, exchanges: readonly HalfClosable[], isWaiting: boolean): void {
  let { bytesWritten } = socket
  let rounds = 0
  let probes = 0
  // No application sees a digit of a chunk size, so such a probe need not wait.
  const isDelayed = isWaiting && !exchanges.slice(0, 1).some(isInChunks)
  let timer = setTimeout(check, isDelayed ? PROBE_DELAY : 0)
  socket.once('close', () => clearTimeout(timer))

  function check(): void {
    const [oldest] = exchanges
    if (oldest === undefined) return
    // Bytes of the response are probes, too.
    const isSilent = socket.bytesWritten === bytesWritten && socket.writableLength === 0
    if (!isSilent) probes = 0
    // Leaves alone what the application answers on this connection.
    else if (oldest.response.socket === socket && !oldest.response.writableEnded) {
      if (canProbe(oldest)) {
        if (probes < MAX_ZEROS) sendProbe(oldest.response, socket)
        probes += 1
      } else if (!isWaiting && rounds > 0) {
        socket.destroy()
      }
    }
    bytesWritten = socket.bytesWritten
    timer = setTimeout(check, PROBE_INTERVALS[rounds] ?? PROBE_INTERVALS[3])
    rounds += 1
  }
}

/** Whether the protocol has bytes that a waiting client ignores. */
function canProbe(exchange: HalfClosable): boolean {
  const { message, response } = exchange
  if (message.httpVersion !== '1.1' || exchange.isNonParsed) return false
  return !isHeaderWritten(response) || isChunked(response)
}

/** Whether a response is between two chunks of its content. */
function isInChunks(exchange: HalfClosable): boolean {
  return canProbe(exchange) && isHeaderWritten(exchange.response)
}

function sendProbe(response: ServerResponse, socket: Socket): void {
  // RFC 9112 section 7.1: the size of the next chunk may begin with zeros.
  if (isHeaderWritten(response)) socket.write('0')
  // RFC 9110 section 15.2: every HTTP/1.1 client accepts interim responses. (102: RFC 2518 section 10.1.)
  // Not response.writeProcessing(): where a header is made and held back, Node.js 24.21 and 26 throw.
  else socket.write('HTTP/1.1 102 Processing\r\n\r\n')
}
