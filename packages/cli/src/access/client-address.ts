import proxyAddr from '@fastify/proxy-addr'
import type { IncomingMessage } from 'node:http'
import type { RawRequest } from './raw-exchange.js'
import type { Settings } from '../settings/settings.js'

/** The address of the client of a request, if known. */
export type ClientAddress = (request: RawRequest) => string | undefined

/** Reads X-Forwarded-For of trusted proxies, as Fastify does for `request.ip`. */
export function createClientAddress(proxies: Settings['trust-proxy'] = false): ClientAddress {
  if (proxies === false) return ({ socket }) => socket.remoteAddress
  const trust = proxies === true ? () => true : proxyAddr.compile([...proxies])
  // It reads the headers and the socket only, which requests of HTTP/2 have too.
  return (request) => proxyAddr.all(request as IncomingMessage, trust).at(-1)
}
