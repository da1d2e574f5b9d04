import type { Agent } from 'node:http'
import type { Readable } from 'node:stream'
import { Client, type Dispatcher } from 'undici'
import { type Answer, toAnswer } from './answer.js'

interface Sending {
  readonly method?: string
  readonly headers?: readonly string[]
  readonly body?: string | Buffer | Readable
  readonly signal?: AbortSignal
  readonly agent?: Agent
}

/** Fields that undici refuses, sets itself, or, as Host, takes the name of a TLS server from. */
const UNDICI_SETS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

/**
 * Whether undici sends this request as it is given. It sends the header of a streamed body with the
 * first chunk only, and no request-target but a path. Signals and agents are those of Node's client.
 */
export function isForUndici(path: string, { headers = [], body, signal, agent }: Sending): boolean {
  const names = headers.filter((_text, index) => index % 2 === 0).map((name) => name.toLowerCase())
  return (
    path.startsWith('/') &&
    signal === undefined &&
    agent === undefined &&
    (body === undefined || isSmall(body)) &&
    !names.some((name) => UNDICI_SETS.has(name))
  )
}

/** Undici closes the connection if the response is complete before the request body is. */
function isSmall(body: string | Buffer | Readable): boolean {
  return (typeof body === 'string' || Buffer.isBuffer(body)) && body.length <= 16_384
}

/** Sends a request on a connection of its own. @throws where the response is cut off. */
export async function sendByUndici(
  origin: string,
  path: string,
  { method = 'GET', headers = [], body }: Sending,
  ca: string | Buffer,
): Promise<Answer> {
  const client = new Client(origin, {
    connect: { ca, timeout: 0 },
    // One request for each connection.
    pipelining: 0,
    headersTimeout: 0,
    bodyTimeout: 0,
  })
  const answer = new Promise<Answer>((resolve, reject) => {
    client.dispatch(
      { path, method, headers: [...headers], body: (body as string | Buffer | undefined) ?? null },
      collect(resolve, reject),
    )
  })
  try {
    return await answer
  } finally {
    await client.close()
  }
}

/** Collects a response with the bytes of its header, which `request()` of undici decodes as UTF-8. */
function collect(
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler {
  let status = 0
  let reason = ''
  const fields: [string, string][] = []
  const chunks: Buffer[] = []
  return {
    onRequestStart() {},
    onResponseStart({ rawHeaders }, statusCode, _headers, statusMessage = '') {
      if (statusCode < 200) return
      status = statusCode
      reason = statusMessage
      const texts = (Array.isArray(rawHeaders) ? rawHeaders : []).map((text) =>
        text.toString('latin1'),
      )
      for (let index = 0; index + 1 < texts.length; index += 2) {
        fields.push([texts[index] ?? '', texts[index + 1] ?? ''])
      }
    },
    onResponseData(_controller, chunk) {
      chunks.push(chunk)
    },
    onResponseEnd() {
      resolve(toAnswer(status, reason, fields, Buffer.concat(chunks)))
    },
    onResponseError(_controller, error) {
      reject(error)
    },
  }
}
