import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'

/** The sockets and open responses of one client. */
interface Connection {
  /** The TCP socket, also below TLS. */
  readonly socket: Socket
  /** The TLS socket, after the handshake. */
  secure?: Socket
  session?: ServerHttp2Session
  /** Responses that have not ended. */
  readonly responses: Set<RawResponse>
}

/**
 * The connections of a server and their open responses. The key is the address and the port of the client:
 * TLS sockets and sessions of HTTP/2 do not expose the TCP socket.
 */
export class Connections {
  readonly #byPeer = new Map<string, Connection>()
  #isEnding = false

  /** Adds the connection of a client. */
  add(socket: Socket): void {
    if (this.#isEnding) {
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    this.#byPeer.set(peer, { socket, responses: new Set() })
    socket.once('close', () => this.#byPeer.delete(peer))
  }

  /** Adds the TLS socket, after the handshake. */
  addSecure(secure: Socket): void {
    const connection = this.#byPeer.get(peerOf(secure))
    if (connection) connection.secure = secure
  }

  /** Adds the session of HTTP/2. */
  addSession(session: ServerHttp2Session): void {
    const connection = session.socket && this.#byPeer.get(peerOf(session.socket))
    if (connection) connection.session = session
  }

  /** Adds a response. */
  begin({ socket, httpVersionMajor }: RawRequest, response: RawResponse): void {
    const responses = this.#byPeer.get(peerOf(socket))?.responses
    if (responses === undefined) return
    responses.add(response)
    response.once('close', () => {
      responses.delete(response)
      // close() would wait until the client closes the connection. A session of HTTP/2 was closed already.
      if (this.#isEnding && responses.size === 0 && httpVersionMajor < 2) socket.destroySoon()
    })
  }

  /** The TCP socket below a TLS socket. */
  tcpSocketOf(socket: Socket): Socket | undefined {
    return this.#byPeer.get(peerOf(socket))?.socket
  }

  /** Whether a response has not ended. */
  hasResponse(socket: Socket): boolean {
    return this.#responsesOn(socket).length > 0
  }

  /** Whether the header of such a response is sent. */
  hasHeader(socket: Socket): boolean {
    return this.#responsesOn(socket).some((response) => response.headersSent)
  }

  /** Ends the connections without a response now, and each other one after its last response. */
  endIdle(): void {
    this.#isEnding = true
    for (const { socket, secure, session, responses } of this.#byPeer.values()) {
      // destroySoon() sends the buffered data first.
      const outer = secure ?? socket
      if (session === undefined) {
        if (responses.size === 0) outer.destroySoon()
        continue
      }
      // Sends GOAWAY and ends the socket after the last stream.
      session.close()
      if (outer.writableFinished) outer.destroy()
      else outer.once('finish', () => outer.destroy())
    }
  }

  /** Destroys all connections. */
  cutOff(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy()
  }

  #responsesOn(socket: Socket): RawResponse[] {
    return [...(this.#byPeer.get(peerOf(socket))?.responses ?? [])]
  }
}

function peerOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}
