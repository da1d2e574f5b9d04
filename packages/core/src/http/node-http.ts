import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import { isList, uniteLists } from './field-lists.js'
import { type HeaderField, toHeaderFields, valuesOf } from '../data/header-fields.js'
import type { CgiLogger } from '../data/logger.js'
import type { CgiRequest, CgiResponse, NonParsedResponse } from '../data/message.js'
import { hasBody, limitDelivery, watchClient } from './client-connection.js'
import { toAddress, toScheme } from '../request/forwarded.js'
import { trailOf } from './local-redirect.js'
import { sendNonParsed } from './non-parsed.js'
import { discardBody, pipeBody, prepareResponse } from './response-stream.js'
import { toOriginForm } from '../request/url-path.js'
import { serverOf } from '../data/node-internals.js'

/** What a framework knows of a request better than its connection does, as it may trust a proxy. */
export interface FrameworkView<Native = IncomingMessage> {
  /** The framework's own request. */
  readonly native: Native
  /** Where messages about this request go. Default: `options.logger`. */
  readonly logger?: CgiLogger | undefined
  /** The path the gateway is mounted at, as sent, without a slash at its end. */
  readonly mount: string
  /** Path and query to process, the mount included. Default: `request.url`. */
  readonly url?: string | undefined
  /** Address of the client, also with a port. Where it is none (`unknown`), and by default: the peer's. */
  readonly remoteAddress?: string | undefined
  /** `http` or `https`, in any case. What is neither, and by default: by whether the connection is encrypted. */
  readonly scheme?: string | undefined
  /** Host, with its port if it was sent. Default: the Host field. */
  readonly host?: string | undefined
  /** What the framework has put in the place of the request's content: its length is not known. */
  readonly body?: Readable | undefined
}

/**
 * Makes a {@link CgiRequest} of a request of node:http.
 *
 * @param message - the request; its body must not have been read.
 * @param response - its response, watched to see whether the client goes away.
 */
export function toCgiRequest<Native>(
  message: IncomingMessage,
  response: ServerResponse,
  view: FrameworkView<Native>,
): CgiRequest<Native> {
  const { socket } = message
  const sent = toHeaderFields(message.rawHeaders)
  const headers = view.body === undefined ? sent : withoutFraming(sent, message)
  const ownScheme = 'encrypted' in socket && socket.encrypted === true ? 'https' : 'http'
  const ownHost = valuesOf(headers, 'host')[0]
  const ownAddress = socket.remoteAddress ?? ''
  const scheme = toScheme(view.scheme) ?? ownScheme
  const host = view.host || ownHost
  // Programs make their links of the Host field: it is to name what the proxy has named.
  const isHostForwarded = host !== undefined && host !== ownHost
  if (isHostForwarded) replaceHost(headers, host)
  const remoteAddress =
    view.remoteAddress === ownAddress ? ownAddress : (toAddress(view.remoteAddress) ?? ownAddress)
  const trail = trailOf(message)
  // In absolute form it has a host, too, which is the proxy's word for us.
  const originalUrl = trail?.originalUrl ?? originalUrlOf(message)
  const sendEarlyHints = (link: string[]): void => {
    if (!response.headersSent && !response.destroyed) response.writeEarlyHints({ link })
  }
  const isForwarded = scheme !== ownScheme || host !== ownHost || remoteAddress !== ownAddress
  return {
    method: message.method ?? 'GET',
    url: toOriginForm(view.url ?? message.url ?? '/'),
    originalUrl: isHostForwarded ? toOriginForm(originalUrl) : originalUrl,
    mount: view.mount,
    httpVersion: message.httpVersion,
    headers,
    areHeadersCut: areHeadersCut(message),
    body: trail === undefined && hasBody(message) ? (view.body ?? message) : null,
    scheme,
    host,
    // A server that listens on a socket of the file system has no port of its own.
    serverPort: (isForwarded ? undefined : socket.localPort) ?? portOf(host, scheme),
    serverAddress: socket.localAddress ?? '',
    remoteAddress,
    remotePort: socket.remotePort ?? 0,
    localRedirects: trail?.localRedirects ?? { count: 0 },
    // What fastify.inject() sends comes on no connection, though its type says so. To a HEAD that was
    // redirected, which is a GET to the script, no content may be sent.
    allowsNonParsed:
      message.httpVersionMajor === 1 && 'write' in socket && trail?.method !== 'HEAD',
    signal: watchClient(message, response),
    sendEarlyHints: message.httpVersion === '1.0' ? undefined : sendEarlyHints,
    limitDelivery: (limits) => limitDelivery(message, response, limits),
    logger: view.logger,
    native: view.native,
  }
}

/**
 * Sends what a script answered. Resolves when it is sent, or cannot be: where the script or the
 * client failed, the connection is destroyed, so that nobody takes a part for the whole.
 *
 * @throws {CgiError} why the script did not finish its response; the client cannot be told any more.
 */
export async function sendCgiResponse(
  answer: CgiResponse | NonParsedResponse,
  message: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (answer.type === 'non-parsed') {
    await sendNonParsed(answer.body, response).catch(rethrowUnlessClientGone)
    return
  }
  if (response.headersSent) {
    // Somebody else has answered, tired of waiting.
    discardBody(answer.body)
    return
  }
  prepareResponse(answer.body, message, response)
  response.statusCode = answer.status
  // HTTP/2 has no reason phrase (RFC 9113 section 8.3.2).
  if (message.httpVersionMajor < 2) response.statusMessage = answer.reason
  for (const [name, values] of groupByName(answer.headers, message)) {
    if (name === 'set-cookie') {
      // Not appendHeader(): it adds to the very array that the application has set, for all its clients.
      response.setHeader(name, [response.getHeader(name) ?? [], values].flat().map(String))
      continue
    }
    const united = isList(name) ? uniteLists(name, response.getHeader(name), values) : null
    response.setHeader(name, united ?? (values.length === 1 ? (values[0] ?? '') : values))
  }
  if (answer.body === null) {
    response.end()
    return
  }
  if (Buffer.isBuffer(answer.body)) {
    // Node writes header and content as one where both are text; Latin-1 is bytes.
    response.end(answer.body.toString('latin1'), 'latin1')
    return
  }
  await pipeBody(answer.body, response).catch((error: unknown) => {
    if (!isClientsOwn(error)) throw error
  })
}

/**
 * Each name, in lower case, with all its values, in the order of their first appearance; but
 * Content-Length is last. For HTTP/2, the values of one name are one list, as Node takes some names only
 * once there; it means the same (RFC 9110 section 5.3), but for Set-Cookie.
 */
export function groupByName(
  fields: CgiResponse['headers'],
  { httpVersionMajor }: Pick<IncomingMessage, 'httpVersionMajor'>,
): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const lowerCase = name.toLowerCase()
    const group = groups.get(lowerCase)
    if (group === undefined) groups.set(lowerCase, [value])
    else group.push(value)
  }
  // After a Content-Length, Node reads the bytes of a Content-Disposition as UTF-8.
  const length = groups.get('content-length')
  if (length !== undefined && groups.delete('content-length')) groups.set('content-length', length)
  if (httpVersionMajor < 2) return groups
  for (const [name, values] of groups) {
    // An empty value would end the list in a blank, which HTTP/2 refuses.
    if (name !== 'set-cookie') groups.set(name, [values.filter((each) => each !== '').join(', ')])
  }
  return groups
}

/** The fields of a request whose content has been replaced; who decodes it deletes its coding. */
function withoutFraming(fields: HeaderField[], { headers }: IncomingMessage): HeaderField[] {
  const isCoded = headers['content-encoding'] !== undefined
  return fields.filter(([name]) => {
    const lowerCase = name.toLowerCase()
    if (lowerCase === 'content-encoding') return isCoded
    return lowerCase !== 'content-length' && lowerCase !== 'transfer-encoding'
  })
}

/** Puts another host in the place of the first; where there are several, they are refused as ever. */
function replaceHost(fields: HeaderField[], host: string): void {
  const index = fields.findIndex(([name]) => name.toLowerCase() === 'host')
  // A proxy that speaks HTTP/1.0 need not send one.
  fields.splice(index === -1 ? fields.length : index, 1, ['Host', host])
}

function originalUrlOf(message: IncomingMessage): string {
  const url = message.url ?? '/'
  return 'originalUrl' in message && typeof message.originalUrl === 'string'
    ? message.originalUrl
    : url
}

/** Without a word, Node leaves out the fields that come after so many, Host and the length among them. */
function areHeadersCut({ rawHeaders, socket, httpVersionMajor }: IncomingMessage): boolean {
  if (httpVersionMajor > 1) return false
  const server = serverOf(socket)
  // A thousand, if the server does not say: Node counts names and values.
  const most = server?.maxHeadersCount ?? 1_000
  return most > 0 && rawHeaders.length >= 2 * most
}

function portOf(host: string | undefined, scheme: string): number {
  const port = host === undefined ? undefined : /:(\d{1,5})$/.exec(host)?.[1]
  return port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port)
}

function rethrowUnlessClientGone(error: unknown): void {
  if (error instanceof CgiError && !isClientsOwn(error)) throw error
}

function isClientsOwn(error: unknown): boolean {
  return error instanceof CgiError && CLIENTS_OWN.has(error.code)
}

/** The client has gone, and the log has the reason already. */
const CLIENTS_OWN = new Set<CgiErrorCode>(['CGI_ERR_CLIENT_GONE', 'CGI_ERR_CLIENT_TOO_SLOW'])
