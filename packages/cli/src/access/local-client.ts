import { BlockList, isIP } from 'node:net'
import type { RawRequest } from './raw-exchange.js'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Fields that a proxy adds. Behind a proxy, the address of the socket is not the client's. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a request comes from this machine. */
export function isLocalClient({
  socket,
  headers,
}: Pick<RawRequest, 'socket' | 'headers'>): boolean {
  const isForwarded = FORWARDED.some((name) => headers[name] !== undefined)
  return !isForwarded && isLoopback(socket.remoteAddress ?? '')
}

/**
 * Whether the host of a request is a name that always means this machine. A page of another site can point
 * any other name to this machine and then read the response as its own (DNS rebinding).
 */
export function hasLocalHost({ headers }: Pick<RawRequest, 'headers'>): boolean {
  const host = headers.host ?? authorityOf(headers)
  const [, literal, name = ''] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d+)?$/i.exec(host) ?? []
  if (literal !== undefined) return isLoopback(literal)
  // Browsers resolve `localhost` and its subdomains without DNS (RFC 6761 section 6.3).
  return isLoopback(name) || /^(?:[\w-]+\.)*localhost$/i.test(name)
}

/** The host of a request of HTTP/2. */
function authorityOf(headers: RawRequest['headers']): string {
  const authority = headers[':authority']
  return typeof authority === 'string' ? authority : ''
}

/** Whether an address is a loopback address, which only this machine can reach. Accepts IPv4-mapped IPv6. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether a request comes from a client on this machine, and not from a page of another site (DNS rebinding). */
export function isLocalVisit(request: RawRequest): boolean {
  return isLocalClient(request) && hasLocalHost(request)
}
