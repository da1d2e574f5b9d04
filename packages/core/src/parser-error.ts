import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Exchange } from './half-close.js'

/** What Node writes where nobody listens for `clientError`. */
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'

/**
 * Keeps an error of Node's parser until the requests before it are answered. Node tells of what is no
 * request as soon as it has read it, and the connection is ended under an answer that is still to come:
 * a byte too many after a body would cost a client its answer (RFC 9112 sections 9.3.2 and 9.6).
 *
 * @param exchanges - the requests on this connection that are not done.
 */
export function keepParserErrors(
  socket: Socket,
  server: Server,
  exchanges: ReadonlySet<Exchange>,
): void {
  let isKept = false

  /** In the place of the server's, for this connection alone. */
  function emit(event: string, ...words: unknown[]): boolean {
    if (event !== 'clientError' || !isAboutWhatFollows(words[0]))
      return server.emit(event, ...words)
    if (!isKept) void tellAfterwards(words)
    isKept = true
    return true
  }

  function isAboutWhatFollows(error: unknown): boolean {
    const isParsers =
      error instanceof Error && 'code' in error && String(error.code).startsWith('HPE_')
    return (
      isParsers && exchanges.size > 0 && [...exchanges].every(({ message }) => message.complete)
    )
  }

  async function tellAfterwards(words: unknown[]): Promise<void> {
    await Promise.all(
      [...exchanges].map(
        ({ response }) => new Promise((resolve) => response.once('close', resolve)),
      ),
    )
    isKept = false
    if (!socket.destroyed && !server.emit('clientError', ...words)) socket.end(BAD_REQUEST)
  }

  Object.assign(socket, { server: Object.create(server, { emit: { value: emit } }) })
}
