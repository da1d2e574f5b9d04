import { IncomingMessage, type ServerResponse } from 'node:http'
import { copyRequest } from '../data/node-internals.js'
import type { ClientWatch } from './client-watch.js'
import type { CgiRequest, LocalRedirect, LocalRedirects } from '../data/message.js'

/** What is known about a request that a local redirect has made. */
export interface Trail {
  readonly localRedirects: LocalRedirects
  /** The request that the client sent. */
  readonly clientRequest: object
  /** Its request-target. */
  readonly originalUrl: string
  /** Its method. */
  readonly method: string
  /** What has become of its response, for the copy of this package that made the trail. */
  readonly progress?: unknown
}

/** Shared by all copies of this package in a process: two of them could redirect to each other endlessly. */
const TRAIL = Symbol.for('common-gateway.local-redirect')

/** What is known about a request, if a local redirect has made it. */
export function trailOf(message: object & { [TRAIL]?: Trail }): Trail | undefined {
  return message[TRAIL]
}

/**
 * Whether a script's local redirect has made this request of node:http (RFC 3875 section 6.2.2). The application
 * sees it after the request that the client sent; both have the same response. For access logs that write one
 * line for the two.
 */
export function isLocalRedirect(message: object): boolean {
  return trailOf(message) !== undefined
}

/** The request that the client sent: another where a script's local redirect has made this one. */
export function clientRequestOf(message: object): object {
  return trailOf(message)?.clientRequest ?? message
}

/**
 * Makes the GET that a script's local redirect asks for. Nothing that was found out about the first request stays
 * (its user, its parsed URL, fields of its response except cookies): guards of the application have to check the
 * second one themselves.
 */
export function redirectRequest(
  redirect: LocalRedirect,
  request: CgiRequest,
  { message, response, progress }: ClientWatch,
): IncomingMessage {
  clear(response)
  const before = trailOf(message)
  const trail: Trail = {
    localRedirects: { count: request.localRedirects.count + 1, from: request.url },
    clientRequest: before?.clientRequest ?? message,
    originalUrl: request.originalUrl,
    method: before?.method ?? request.method,
    progress,
  }
  // A request of HTTP/2, or one that is injected for a test, cannot be copied.
  const isPlain = message instanceof IncomingMessage && message.httpVersionMajor === 1
  const next = isPlain ? copyRequest(message) : message
  const { rawHeaders } = next
  for (let index = rawHeaders.length - 2; index >= 0; index -= 2) {
    const name = rawHeaders[index]?.toLowerCase() ?? ''
    if (!BODY_FIELDS.has(name)) continue
    // In place: a request of HTTP/2 does not accept another array.
    rawHeaders.splice(index, 2)
    delete next.headers[name]
  }
  if (isPlain) for (const name of BODY_FIELDS) delete next.headersDistinct[name]
  // Frameworks keep the first URL that they see under this name; guards and routes have to see the new one.
  if ('originalUrl' in next) delete next.originalUrl
  next.method = 'GET'
  next.url = redirect.location
  return Object.assign(next, { [TRAIL]: trail })
}

/** Resets a response to what it was before the application saw the request, except for cookies and listeners. */
function clear(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (name !== 'set-cookie') response.removeHeader(name)
  }
  response.statusCode = 200
  // Express keeps results of its middlewares there.
  if ('locals' in response) delete response.locals
}

/** The fields that describe a body, which the redirected request does not have. */
const BODY_FIELDS = new Set([
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'transfer-encoding',
])
