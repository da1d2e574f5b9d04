import proxyAddr from '@fastify/proxy-addr'
import type { IncomingMessage } from 'node:http'
import type { RawRequest } from './raw-exchange.js'
import type { Settings } from '../settings/settings.js'

/** Tells the address of a request's client, as far as it is known. */
export type ClientAddress = (request: RawRequest) => string | undefined

/** Takes the word of proxies that are trusted, as Fastify does for what it answers itself. */
export function createClientAddress(proxies: Settings['trust-proxy'] = false): ClientAddress {
  if (proxies === false) return ({ socket }) => socket.remoteAddress
  const trust = proxies === true ? () => true : proxyAddr.compile([...proxies])
  // Requests of HTTP/2 have all that is read: headers and a socket.
  return (request) => proxyAddr.all(request as IncomingMessage, trust).at(-1)
}
