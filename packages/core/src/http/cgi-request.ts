import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { type HeaderField, toHeaderFields, valuesOf } from '../data/header-fields.js'
import type { CgiLogger } from '../data/logger.js'
import type { CgiRequest, StartedRun } from '../data/message.js'
import { serverOf } from '../data/node-internals.js'
import { toAddress, toScheme } from '../request/forwarded.js'
import { toOriginForm } from '../request/url-path.js'
import type { ClientWatch } from './client-watch.js'
import type { Trail } from './local-redirect.js'

/** What a framework knows about a request better than its connection does, for example from a trusted proxy. */
export interface FrameworkView<Native = IncomingMessage> {
  /** The framework's own request. */
  readonly native: Native
  /** Logs the messages about this request. Default: `options.logger`. */
  readonly logger?: CgiLogger | undefined
  /** The path the gateway is mounted at, as sent, without a slash at its end. */
  readonly mount: string
  /** Path and query to process, the mount included. Default: `request.url`. */
  readonly url?: string | undefined
  /** Address of the client, with or without a port. Default, also for no address (`unknown`): the peer's. */
  readonly remoteAddress?: string | undefined
  /** `http` or `https`, in any case. Default, also for other values: by whether the connection is encrypted. */
  readonly scheme?: string | undefined
  /** The host, with the port if one was sent. Default: the Host field. */
  readonly host?: string | undefined
  /** Replaces the content of the request; its length is unknown. Default: the request's own. */
  readonly body?: Readable | undefined
}

/** Creates the gateway's request from one of node:http. */
export function createCgiRequest<Native>(
  client: ClientWatch,
  view: FrameworkView<Native>,
  trail: Trail | undefined,
  started: (run: StartedRun) => void,
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
  // Programs build their links from the Host field, so it has to name the host that the proxy named.
  const isHostForwarded = host !== undefined && host !== ownHost
  if (isHostForwarded) replaceHost(headers, host)
  const remoteAddress =
    view.remoteAddress === ownAddress ? ownAddress : (toAddress(view.remoteAddress) ?? ownAddress)
  // In absolute form it has a host, too: the one by which the proxy calls this server.
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
    // A server that listens on a Unix socket has no port.
    serverPort: (isForwarded ? undefined : socket.localPort) ?? portOf(host, scheme),
    serverAddress: socket.localAddress ?? '',
    remoteAddress,
    remotePort: socket.remotePort ?? 0,
    localRedirects: trail?.localRedirects ?? { count: 0 },
    // A request of fastify.inject() has no connection, though its type has. A redirected HEAD is a GET to the
    // script, but its response must not have content.
    allowsNonParsed:
      message.httpVersionMajor === 1 && 'write' in socket && trail?.method !== 'HEAD',
    signal: client.signal,
    sendEarlyHints: message.httpVersion === '1.0' ? undefined : sendEarlyHints,
    limitDelivery: (limits) => client.limitDelivery(limits),
    logger: view.logger,
    started,
    native: view.native,
  }
}

/** The fields of a request whose content has been replaced. A hook that decodes it deletes its coding. */
function withoutFraming(fields: HeaderField[], { headers }: IncomingMessage): HeaderField[] {
  const isCoded = headers['content-encoding'] !== undefined
  return fields.filter(([name]) => {
    const lowerCase = name.toLowerCase()
    if (lowerCase === 'content-encoding') return isCoded
    return lowerCase !== 'content-length' && lowerCase !== 'transfer-encoding'
  })
}

/** Replaces the first Host. The gateway still refuses a request that has several. */
function replaceHost(fields: HeaderField[], host: string): void {
  const index = fields.findIndex(([name]) => name.toLowerCase() === 'host')
  // A proxy that speaks HTTP/1.0 may send none.
  fields.splice(index === -1 ? fields.length : index, 1, ['Host', host])
}

function originalUrlOf(message: IncomingMessage): string {
  const url = message.url ?? '/'
  return 'originalUrl' in message && typeof message.originalUrl === 'string'
    ? message.originalUrl
    : url
}

/** Node silently drops the fields after the limit, which may include Host and Content-Length. */
function areHeadersCut({ rawHeaders, socket, httpVersionMajor }: IncomingMessage): boolean {
  if (httpVersionMajor > 1) return false
  const server = serverOf(socket)
  // Without a setting of the server, Node's limit is 1000 fields; rawHeaders has names and values.
  const limit = server?.maxHeadersCount ?? 1_000
  return limit > 0 && rawHeaders.length >= 2 * limit
}

function portOf(host: string | undefined, scheme: string): number {
  const port = host === undefined ? undefined : /:(\d{1,5})$/.exec(host)?.[1]
  return port === undefined ? (scheme === 'https' ? 443 : 80) : Number(port)
}
