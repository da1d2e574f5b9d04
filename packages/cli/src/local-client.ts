import { BlockList, isIPv4 } from 'node:net'
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
  const address = (socket.remoteAddress ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
  if (address === '' || FORWARDED.some((name) => headers[name] !== undefined)) return false
  return LOOPBACK.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')
}
