import { once } from 'node:events'
import { type Agent, IncomingMessage, request as httpRequest } from 'node:http'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect as connectHttp2,
} from 'node:http2'
import { request as httpsRequest } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import { type Answer, toAnswer } from './answer.js'
import { CERTIFICATE } from './fixtures.js'
import { isForUndici, sendByUndici } from './undici-client.js'

/** A server, and how it is spoken to. */
export interface Peer {
  readonly port: number
  /** Major version of HTTP. */
  readonly httpVersion: 1 | 2
  readonly scheme: 'http' | 'https'
}

/** What a client is receiving. */
export type Receiving = Readable &
  Pick<IncomingMessage, 'statusCode' | 'statusMessage' | 'headers' | 'rawHeaders'>

/** What a client sends. */
export interface Sending {
  readonly method?: string
  /** Sent as it is; names and values alternate, so that one can be sent twice. */
  readonly headers?: readonly string[]
  /** A string or bytes are sent with their length; a stream without, unless the header has one. */
  readonly body?: string | Buffer | Readable
  /** Gives up before the header is there. */
  readonly signal?: AbortSignal
  /** Keeps its connections for many requests of HTTP/1.1. */
  readonly agent?: Agent
}

/** Header fields for a request, each given as a line. */
export function fields(...lines: string[]): string[] {
  return lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
}

/**
 * Sends a request on a connection of its own, and receives the whole response: by undici, or by Node's
 * client what undici does not send. A number is the port of a server of HTTP/1.1. @throws where the
 * response is cut off.
 */
export async function send(
  peer: number | Peer,
  path: string,
  sending: Sending = {},
): Promise<Answer> {
  const { port, httpVersion, scheme }: Peer =
    typeof peer === 'number' ? { port: peer, httpVersion: 1, scheme: 'http' } : peer
  if (httpVersion === 1 && isForUndici(path, sending)) {
    return sendByUndici(`${scheme}://127.0.0.1:${port}`, path, sending, CERTIFICATE)
  }
  return receive(await open(peer, path, sending))
}

/** Sends a request and returns its response when the header is there. */
export async function open(
  peer: number | Peer,
  path: string,
  sending: Sending = {},
): Promise<Receiving> {
  if (typeof peer === 'number') return openHttp1({ port: peer, scheme: 'http' }, path, sending)
  if (peer.httpVersion === 1) return openHttp1(peer, path, sending)
  const session = openSession(peer)
  return openHttp2(session, path, sending, () => session.close())
}

const connections = new WeakMap<ClientHttp2Session, Socket>()

/** Begins an HTTP/2 session. Its failure is that of its streams, which hear of it. */
export function openSession({ port, scheme }: Omit<Peer, 'httpVersion'>): ClientHttp2Session {
  const session = connectHttp2(`${scheme}://127.0.0.1:${port}`, {
    ca: CERTIFICATE,
    // What waits to be sent counts, too.
    maxSessionMemory: 1_000,
    // Servers have limits of their own.
    maxSendHeaderBlockLength: 8 * 1024 * 1024,
  })
  session.once('connect', (_session, connection) => {
    connections.set(session, connection)
  })
  return session.on('error', () => {})
}

/** The connection of a session, to be cut; Node lets none but its session write on it. */
export function connectionOf(session: ClientHttp2Session): Socket {
  const connection = connections.get(session)
  if (connection === undefined) throw new Error('the session has no connection yet')
  return connection
}

/** Sends a request in a session that has others, too. */
export async function openHttp2(
  session: ClientHttp2Session,
  path: string,
  { method = 'GET', headers = [], body, signal }: Sending = {},
  onClose: () => void = () => {},
): Promise<Receiving & ClientHttp2Stream> {
  const isStream = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
  const stream = session.request(
    {
      ...toHttp2(headers),
      ':method': method,
      ':path': path,
      ...(body === undefined || isStream ? {} : { 'content-length': Buffer.byteLength(body) }),
    },
    { endStream: body === undefined, ...(signal && { signal }) },
  )
  stream.once('close', onClose)
  const responded = new Promise<Omit<Receiving, keyof Readable>>((resolve, reject) => {
    stream.once('response', (received, ...others) => {
      // The third argument is missing from the types of Node.js 20.
      const [, rawHeaders] = others as unknown as [number, string[]]
      const statusCode = received[':status'] ?? 0
      resolve({ statusCode, statusMessage: '', headers: received, rawHeaders })
    })
    stream.once('error', reject)
    stream.once('close', () => reject(new Error('the stream was closed before the header came')))
  })
  if (isStream) body.pipe(stream)
  else if (body !== undefined) stream.end(body)
  return Object.assign(stream, await responded)
}

async function openHttp1(
  { port, scheme }: Omit<Peer, 'httpVersion'>,
  path: string,
  { method = 'GET', headers = [], body, signal, agent }: Sending,
): Promise<IncomingMessage> {
  const isStream = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
  const framing =
    body === undefined || isStream ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const has = (wanted: string): boolean =>
    headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === wanted)
  const all = [
    ...(has('host') ? [] : ['Host', `127.0.0.1:${port}`]),
    ...headers,
    ...framing,
    ...(isStream && !has('content-length') ? ['Transfer-Encoding', 'chunked'] : []),
  ]
  const options = { port, host: '127.0.0.1', path, method, headers: all, agent: agent ?? false }
  const request =
    scheme === 'http' ? httpRequest(options) : httpsRequest({ ...options, ca: CERTIFICATE })
  // Closed, it could be taken for a client that has closed one side and waits.
  signal?.addEventListener('abort', () => {
    if (scheme === 'http') request.socket?.resetAndDestroy()
    else request.destroy()
  })
  const responded = once(request, 'response')
  // After its response has begun, the response emits its errors.
  request.on('error', () => {})
  if (isStream) body.pipe(request)
  else request.end(body)
  const [response] = (await responded) as [IncomingMessage]
  return response
}

/** Receives the rest of a response. @throws where it is cut off. */
export async function receive(response: Receiving): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  // Node's client takes a stream that was cancelled for one that has ended.
  const code = 'rstCode' in response ? Number(response.rstCode) : 0
  if (code !== 0) throw new Error(`the stream was reset with code ${code}`)
  const received: [string, string][] = []
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    const [name = '', value = ''] = response.rawHeaders.slice(index, index + 2)
    if (!name.startsWith(':')) received.push([name, value])
  }
  return toAnswer(
    response.statusCode ?? 0,
    response.statusMessage ?? '',
    received,
    Buffer.concat(chunks),
  )
}

/**
 * Leaves in the middle of a response, by a reset. `destroy()` sends a FIN, and a gateway must find out
 * whether such a client waits (LIFE-5): it takes seconds longer.
 */
export function leave(response: Readable): void {
  // Node resets plain connections only, and a stream of HTTP/2 is reset by destroy().
  if (response instanceof IncomingMessage && !('encrypted' in response.socket)) {
    const { socket } = response
    // Node never closes a socket that is reset while it shuts down (UV_EINVAL), and then waits for it at its exit.
    if (socket.writableEnded) socket.destroy()
    else socket.resetAndDestroy()
  } else response.destroy()
}

/** Gives one chunk of a stream after the other, and null at its end. */
export function chunksOf(stream: Readable): () => Promise<string | null> {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]()
  return async () => {
    const { done, value } = await chunks.next()
    return done === true ? null : value.toString('latin1')
  }
}

/** Connects, to speak HTTP/1.1 to a server byte by byte. */
export async function dial(peer: number | Omit<Peer, 'httpVersion'>): Promise<Socket> {
  const { port, scheme } = typeof peer === 'number' ? { port: peer, scheme: 'http' } : peer
  const connection = connect(port, '127.0.0.1')
  connection.on('error', () => {})
  await once(connection, 'connect')
  if (scheme === 'http') return connection
  const socket = connectTls({ socket: connection, ca: CERTIFICATE, servername: 'localhost' })
  socket.on('error', () => {})
  await once(socket, 'secureConnect')
  // Node resets plain connections only.
  socket.resetAndDestroy = () => {
    connection.resetAndDestroy()
    return socket
  }
  return socket
}

/** Sends bytes as they are and returns all that comes back until the server closes the connection. */
export async function exchange(
  peer: Parameters<typeof dial>[0],
  bytes: string | Buffer,
): Promise<string> {
  const socket = await dial(peer)
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  return readToEnd(socket)
}

/** All that comes on a connection until it is closed, by whichever side. @throws when it is reset. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks).toString('latin1')
}

/** Reads on a connection until what has come matches. @throws when the server closes it before. */
export function readUntil(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const take = (chunk: Buffer): void => {
      text += chunk.toString('latin1')
      if (!pattern.test(text)) return
      socket.off('data', take).off('close', fail)
      resolve(text)
    }
    const fail = (): void => reject(new Error(`closed after ${JSON.stringify(text)}`))
    socket.on('data', take).once('close', fail)
  })
}

/** Fields of one connection, which HTTP/2 has not (RFC 9113 section 8.2.2). */
const HTTP1_ONLY = new Set(['connection', 'keep-alive'])

/** A list that Node's client takes only as one field. */
const ONE_FIELD = new Set(['if-none-match'])

/** As Node's client of HTTP/2 takes them: what is sent twice is an array. */
function toHttp2(headers: readonly string[]): Record<string, string | string[]> {
  const grouped: Record<string, string | string[]> = {}
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = (headers[index] ?? '').toLowerCase()
    const value = headers[index + 1] ?? ''
    const known = grouped[name]
    if (HTTP1_ONLY.has(name)) continue
    if (name === 'host') grouped[':authority'] = value
    else if (known !== undefined && ONE_FIELD.has(name))
      grouped[name] = `${String(known)}, ${value}`
    else grouped[name] = known === undefined ? value : [known, value].flat()
  }
  return grouped
}
