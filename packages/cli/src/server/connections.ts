import type { ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'

/** What is open between the server and one client. */
interface Connection {
  /** That of TCP, also beneath TLS. */
  readonly socket: Socket
  /** That of TLS, once its handshake is done. */
  secure?: Socket
  session?: ServerHttp2Session
  /** Responses that have not ended. */
  readonly underWay: Set<RawResponse>
}

/**
 * The connections of a server, and what is under way on each. They are known by the address and the port
 * of the client, since neither a TLS socket nor a session of HTTP/2 tells of the socket beneath it.
 */
export class Connections {
  readonly #byPeer = new Map<string, Connection>()
  #isEnding = false

  /** A client has connected. */
  add(socket: Socket): void {
    if (this.#isEnding) {
      socket.destroy()
      return
    }
    const peer = peerOf(socket)
    this.#byPeer.set(peer, { socket, underWay: new Set() })
    socket.once('close', () => this.#byPeer.delete(peer))
  }

  /** It has done the handshake of TLS. */
  addSecure(secure: Socket): void {
    const connection = this.#byPeer.get(peerOf(secure))
    if (connection) connection.secure = secure
  }

  /** It speaks HTTP/2. */
  addSession(session: ServerHttp2Session): void {
    const connection = session.socket && this.#byPeer.get(peerOf(session.socket))
    if (connection) connection.session = session
  }

  /** It has sent a request. */
  begin({ socket, httpVersionMajor }: RawRequest, response: RawResponse): void {
    const underWay = this.#byPeer.get(peerOf(socket))?.underWay
    if (underWay === undefined) return
    underWay.add(response)
    response.once('close', () => {
      underWay.delete(response)
      // It would be waited for until its client closes it. A session of HTTP/2 has been told already.
      if (this.#isEnding && underWay.size === 0 && httpVersionMajor < 2) socket.destroySoon()
    })
  }

  /** The socket of TCP beneath one of TLS. */
  beneath(socket: Socket): Socket | undefined {
    return this.#byPeer.get(peerOf(socket))?.socket
  }

  /** Whether a request has not been answered to its end. */
  isUnderWay(socket: Socket): boolean {
    return this.#responsesOn(socket).length > 0
  }

  /** Whether the client has a part of a response. */
  isAnswering(socket: Socket): boolean {
    return this.#responsesOn(socket).some((response) => response.headersSent)
  }

  /** Ends those that nothing is under way on, and each other when nothing is any more. */
  endIdle(): void {
    this.#isEnding = true
    for (const { socket, secure, session, underWay } of this.#byPeer.values()) {
      // What has been written is still sent.
      const last = secure ?? socket
      if (session === undefined) {
        if (underWay.size === 0) last.destroySoon()
        continue
      }
      // It tells the client (GOAWAY), and ends the socket after its last stream.
      session.close()
      if (last.writableFinished) last.destroy()
      else last.once('finish', () => last.destroy())
    }
  }

  /** Ends all at once. */
  cutOff(): void {
    for (const { socket } of this.#byPeer.values()) socket.destroy()
  }

  #responsesOn(socket: Socket): RawResponse[] {
    return [...(this.#byPeer.get(peerOf(socket))?.underWay ?? [])]
  }
}

function peerOf({
  remoteAddress,
  remotePort,
}: Pick<Socket, 'remoteAddress' | 'remotePort'>): string {
  return `${remoteAddress} ${remotePort}`
}
