import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { type HeaderField, toHeaderFields, valuesOf } from '../data/header-fields.js'
import type { CgiLogger } from '../data/logger.js'
import type { CgiRequest } from '../data/message.js'
import { serverOf } from '../data/node-internals.js'
import { toAddress, toScheme } from '../request/forwarded.js'
import { toOriginForm } from '../request/url-path.js'
import type { ClientWatch } from './client-watch.js'
import type { Trail } from './local-redirect.js'

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

/** Makes the gateway's request of one of node:http. */
export function createCgiRequest<Native>(
  client: ClientWatch,
  view: FrameworkView<Native>,
  trail: Trail | undefined,
): CgiRequest<Native> {
  const { message, response } = client
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
    body: trail === undefined && client.hasBody ? (view.body ?? message) : null,
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
    signal: client.signal,
    sendEarlyHints: message.httpVersion === '1.0' ? undefined : sendEarlyHints,
    limitDelivery: (limits) => client.limitDelivery(limits),
    logger: view.logger,
    native: view.native,
  }
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
