import { once } from 'node:events'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'

/** What a client has received. */
export interface Answer {
  readonly status: number
  readonly reason: string
  /** In the order received, duplicates kept; values as byte strings. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Values of one field. */
  all(name: string): string[]
  readonly bytes: Buffer
  readonly text: string
}

/** What a client sends. */
export interface Sending {
  readonly method?: string
  /** Sent as it is; names and values alternate, so that one can be sent twice. */
  readonly headers?: readonly string[]
  /** With a length where it is a string or bytes; chunked where it is a stream. */
  readonly body?: string | Buffer | Readable
}

/** Header fields for a request, each given as a line. */
export function fields(...lines: string[]): string[] {
  return lines.flatMap((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon), line.slice(colon + 1).trim()]
  })
}

/** Sends a request with Node's own client, on a connection of its own. @throws where it is cut off. */
export async function send(port: number, path: string, sending: Sending = {}): Promise<Answer> {
  return receive(await open(port, path, sending))
}

/** Sends a request and returns its response when the header is there. */
export async function open(
  port: number,
  path: string,
  { method = 'GET', headers = [], body }: Sending = {},
): Promise<IncomingMessage> {
  const isStream = body !== undefined && typeof body !== 'string' && !Buffer.isBuffer(body)
  const framing =
    body === undefined || isStream ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const hasHost = headers.some((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  const host = hasHost ? [] : ['Host', `127.0.0.1:${port}`]
  const all = [
    ...host,
    ...headers,
    ...framing,
    ...(isStream ? ['Transfer-Encoding', 'chunked'] : []),
  ]
  const request = httpRequest({ port, host: '127.0.0.1', path, method, headers: all, agent: false })
  const responded = once(request, 'response')
  if (isStream) body.pipe(request)
  else request.end(body)
  const [response] = (await responded) as [IncomingMessage]
  return response
}

/** Receives the rest of a response. @throws where it is cut off. */
export async function receive(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const received: [string, string][] = []
  for (let index = 0; index < response.rawHeaders.length; index += 2) {
    received.push([response.rawHeaders[index] ?? '', response.rawHeaders[index + 1] ?? ''])
  }
  return toAnswer(
    response.statusCode ?? 0,
    response.statusMessage ?? '',
    received,
    Buffer.concat(chunks),
  )
}

/** Gives one chunk of a stream after the other, and null at its end. */
export function chunksOf(stream: Readable): () => Promise<string | null> {
  const chunks: AsyncIterator<Buffer> = stream[Symbol.asyncIterator]()
  return async () => {
    const { done, value } = await chunks.next()
    return done === true ? null : value.toString('latin1')
  }
}

/** Connects, to speak to a server byte by byte. */
export async function dial(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Sends bytes as they are and returns all that comes back until the server closes the connection. */
export async function exchange(port: number, bytes: string | Buffer): Promise<string> {
  const socket = await dial(port)
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
  return readToEnd(socket)
}

/** All that comes on a connection until it is closed, by whichever side, in whichever way. */
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

function toAnswer(
  status: number,
  reason: string,
  received: [string, string][],
  bytes: Buffer,
): Answer {
  return {
    status,
    reason,
    fields: received,
    all: (name) =>
      received
        .filter(([each]) => each.toLowerCase() === name.toLowerCase())
        .map(([, value]) => value),
    bytes,
    text: bytes.toString('latin1'),
  }
}
