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

/** Whether this is an address of this machine that none but itself can reach. */
export function isLoopback(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '')
  const family = isIP(plain)
  return family !== 0 && LOOPBACK.check(plain, family === 4 ? 'ipv4' : 'ipv6')
}
