import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../access/local-client.js'

/** The URLs of a server. */
export interface ServerAddress {
  /** For clients on this machine. */
  readonly url: string
  /** For other machines, if the server listens on all addresses. */
  readonly networkUrls: readonly string[]
  /** Whether other machines can connect. */
  readonly isOpen: boolean
}

/** The URLs of a server that listens on a host. */
export function describeAddress(scheme: string, host: string, port: number): ServerAddress {
  const toUrl = (name: string): string => {
    return `${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}/`
  }
  if (host === '0.0.0.0' || host === '::') {
    const networkUrls = networkAddresses(host === '::').map(toUrl)
    return { url: toUrl(host === '::' ? 'localhost' : '127.0.0.1'), networkUrls, isOpen: true }
  }
  return { url: toUrl(host), networkUrls: [], isOpen: host !== 'localhost' && !isLoopback(host) }
}

function networkAddresses(hasIPv6: boolean): string[] {
  return Object.values(networkInterfaces())
    .flat()
    .filter((network) => network !== undefined)
    .filter(({ internal, family, scopeid }) => {
      // Browsers do not support link-local addresses (fe80::).
      return !internal && (family === 'IPv4' || (hasIPv6 && scopeid === 0))
    })
    .map(({ address }) => address)
}
