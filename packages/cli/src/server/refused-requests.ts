import { type Server, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Connections } from './connections.js'
import type { RequestJournal } from '../journal/request-journal.js'

/** An error of Node's HTTP/1 parser or of OpenSSL. */
interface ProtocolError extends Error {
  readonly code?: string
  readonly reason?: string
  /** The data that the parser refused. */
  readonly rawPacket?: Buffer
}

/** The first byte of a TLS record with a handshake message (RFC 8446 section 5.1). */
const HANDSHAKE = 0x16

/** Answers and records requests that the HTTP parser refuses. node:http emits no 'request' for them. */
export function answerRefusedRequests(
  server: Server,
  connections: Connections,
  journal: RequestJournal,
): void {
  // TLS errors are emitted as 'clientError' too.
  server.on('clientError', (error: ProtocolError, socket: Socket) => {
    if (error.code === 'ERR_SSL_HTTP_REQUEST') {
      const plain = connections.tcpSocketOf(socket)
      record(400, `plain HTTP request to an HTTPS port: its ${ADDRESS}`, plain)
      plain?.end(toResponse(400, `This port speaks HTTPS: its ${ADDRESS}`))
    } else if (isRefusal(error, socket)) {
      refuse(error, socket)
    } else {
      socket.destroy()
    }
  })

  function refuse(error: ProtocolError, socket: Socket): void {
    const status = statusOf(error)
    // An error in a body belongs to a request that has a record.
    if (!connections.hasResponse(socket)) record(status, explain(error), socket, error.rawPacket)
    // After the header of a response, the client would read this as its content.
    if (socket.writable && !connections.hasHeader(socket)) socket.write(toResponse(status))
    socket.destroySoon()
  }

  function record(status: number, reason: string, socket?: Socket, packet?: Buffer): void {
    const [, method, url] = REQUEST_LINE.exec(packet?.toString('latin1', 0, 2048) ?? '') ?? []
    journal.refuse({ method, url, client: socket?.remoteAddress }, status, reason)
  }
}

const ADDRESS = 'address begins with https://'

/** Whether the client has sent a request. Browsers open spare connections and send nothing on them. */
function isRefusal({ code }: ProtocolError, { destroyed, bytesRead }: Socket): boolean {
  if (destroyed) return false
  return code === 'ERR_HTTP_REQUEST_TIMEOUT' ? bytesRead > 0 : code?.startsWith('HPE_') === true
}

const REQUEST_LINE = /^([\w!#$%&'*+.^`|~-]{1,32}) (\S{1,1024})(?: HTTP\/|$)/

function statusOf({ code }: ProtocolError): number {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408
  return code === 'HPE_HEADER_OVERFLOW' ? 431 : 400
}

function explain({ code, reason, message, rawPacket }: ProtocolError): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return 'the request header did not arrive in time'
  if (code === 'HPE_HEADER_OVERFLOW') return 'the request header is too large'
  if (rawPacket?.[0] === HANDSHAKE) {
    return 'TLS handshake on a plain HTTP port: its address begins with http://'
  }
  return `not an HTTP request: ${reason ?? message}`
}

function toResponse(status: number, sentence?: string): string {
  const line = `${status} ${STATUS_CODES[status]}`
  const body = sentence === undefined ? `${line}\n` : `${line}\n${sentence}\n`
  const fields = ['Content-Type: text/plain; charset=utf-8', `Content-Length: ${body.length}`]
  return [`HTTP/1.1 ${line}`, ...fields, 'Connection: close', '', body].join('\r\n')
}
