import path from 'node:path'
import type { Address } from './connection/address.js'

const HOST_AND_PORT =
  /^(?:\[(?<v6>[0-9A-Fa-f:.]+(?:%[\w.-]+)?)\]|(?<host>[^\s:/[\]]+)):(?<port>\d{1,5})$/
const LARGEST_PORT = 65_535

/**
 * Reads an address: the path of a Unix socket (with a slash, perhaps after `unix:`), `host:port` or `[IPv6]:port`.
 * Undefined where it is none.
 */
export function parseAddress(text: string): Address | undefined {
  const file = text.replace(/^unix:/, '')
  if (file.includes('/') && !file.includes('\0')) return { path: path.resolve(file) }
  const { v6, host = v6, port } = HOST_AND_PORT.exec(text)?.groups ?? {}
  if (host === undefined || Number(port) < 1 || Number(port) > LARGEST_PORT) return undefined
  return { host, port: Number(port) }
}

/** The name of an address, for logs and statistics. */
export function nameOf(address: Address): string {
  if ('path' in address) return `unix:${address.path}`
  const { host, port } = address
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
