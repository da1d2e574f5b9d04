import { CgiError } from '@common-gateway/core'
import type { FrameworkView } from '@common-gateway/core/adapter'
import proxyAddr from '@fastify/proxy-addr'
import type { IncomingMessage } from 'node:http'

/** Which proxies are trusted, in the form that Express and Fastify accept. */
export type TrustProxy =
  | boolean
  | number
  | string
  | readonly string[]
  | ((address: string, hop: number) => boolean)

/** Says whether a proxy is trusted; the first one, next to this server, is hop 0. */
type Trust = (address: string, hop: number) => boolean

/** A request with the properties of Express, if the application uses it. */
export interface ViewedRequest extends IncomingMessage {
  readonly app?: { get(name: string): unknown }
  readonly ip?: string
  readonly protocol?: string
}

/** What proxies and the framework say about the client of a request. */
export type ClientView = Pick<FrameworkView, 'remoteAddress' | 'scheme' | 'host'>

/** Separates `trustProxy` from the gateway's options. The gateway refuses a value that is not an object. */
export function takeTrustProxy<Options>(
  options: Options & { trustProxy?: TrustProxy },
): [trustProxy: TrustProxy | undefined, others: Options] {
  if (typeof options !== 'object' || options === null) return [undefined, options]
  if (!Object.hasOwn(options, 'trustProxy')) return [undefined, options]
  const { trustProxy, ...others } = options
  // The rest has all other properties of the type.
  return [trustProxy, others as Options]
}

/**
 * Returns the function that reads the client's address, scheme and host from a request.
 *
 * @param trustProxy - which proxies to trust; undefined: Express's own setting.
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createClientView(
  trustProxy: TrustProxy | undefined,
): (request: ViewedRequest) => ClientView {
  if (trustProxy === undefined) return expressView
  const trust = compile(trustProxy)
  return (request) => {
    const isTrusted = isPeerTrusted(request, trust)
    return {
      remoteAddress: proxyAddr.all(request, trust).at(-1),
      scheme: isTrusted ? firstOf(request, 'x-forwarded-proto') : undefined,
      host: isTrusted ? firstOf(request, 'x-forwarded-host') : undefined,
    }
  }
}

/** The client as Express sees it, by its setting `trust proxy`. */
function expressView(request: ViewedRequest): ClientView {
  const { app, ip, protocol } = request
  const trust = app?.get('trust proxy fn')
  // Express's own `hostname` has no port.
  const isTrusted = typeof trust === 'function' && isPeerTrusted(request, trust as Trust)
  const host = isTrusted ? firstOf(request, 'x-forwarded-host') : undefined
  return { remoteAddress: ip, scheme: protocol, host }
}

function isPeerTrusted({ socket }: IncomingMessage, trust: Trust): boolean {
  // Undefined for a Unix socket; Express passes it on, too.
  return trust(socket.remoteAddress as string, 0)
}

/** The first member of a list: the value from the proxy next to the client. */
function firstOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name]
  return value === undefined ? undefined : String(value).split(',', 1)[0]?.trim()
}

function compile(value: TrustProxy): Trust {
  if (typeof value === 'function') return value
  if (typeof value === 'boolean') return () => value
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    return (_address, hop) => hop < value
  }
  try {
    if (typeof value === 'string') return proxyAddr.compile(value.split(',').map((e) => e.trim()))
    if (Array.isArray(value)) return proxyAddr.compile(value)
  } catch {
    // An invalid address, which the error below names.
  }
  throw new CgiError(
    'CGI_ERR_INVALID_OPTION',
    {},
    'Expected the `trustProxy` option to be a boolean, a number of proxies, addresses and networks, ' +
      `or a function, got ${JSON.stringify(value)} (${typeof value})`,
  )
}
