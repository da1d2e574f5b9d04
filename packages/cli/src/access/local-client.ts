import { BlockList, isIP } from 'node:net'
import type { RawRequest } from './raw-exchange.js'

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

/** Fields that a proxy adds: the request comes from elsewhere, whatever its socket says. */
const FORWARDED = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip']

/** Whether a request comes from this machine itself. */
export function isLocalClient({
  socket,
  headers,
}: Pick<RawRequest, 'socket' | 'headers'>): boolean {
  const isForwarded = FORWARDED.some((name) => headers[name] !== undefined)
  return !isForwarded && isLoopback(socket.remoteAddress ?? '')
}

/**
 * Whether a request is for a name that none but this machine has. Any other may be one of a foreign site whose
 * page has had it lead here (DNS rebinding), and reads the answer as its own.
 */
export function hasLocalHost({ headers }: Pick<RawRequest, 'headers'>): boolean {
  const host = headers.host ?? authorityOf(headers)
  const [, literal, name = ''] = /^(?:\[([\da-f:.]+)\]|([\w.-]+))(?::\d+)?$/i.exec(host) ?? []
  if (literal !== undefined) return isLoopback(literal)
  // Browsers look `localhost`, and what is below it, up nowhere (RFC 6761 section 6.3).
  return isLoopback(name) || /^(?:[\w-]+\.)*localhost$/i.test(name)
}

/** HTTP/2 has a field of its own for the host. */
function authorityOf(headers: RawRequest['headers']): string {
  const authority = headers[':authority']
  return typeof authority === 'string' ? authority : ''
}

/** Whether this is a loopback address, which only this machine can reach; IPv4 may be written as IPv6. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}

/** Whether a request comes from a client on this machine, and not from a page of another site (DNS rebinding). */
export function isLocalVisit(request: RawRequest): boolean {
  return isLocalClient(request) && hasLocalHost(request)
}
