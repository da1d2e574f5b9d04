import { isIPv6 } from 'node:net'
import { networkInterfaces } from 'node:os'
import { isLoopback } from '../access/local-client.js'

/** Where a server is reached. */
export interface ServerAddress {
  /** From this machine. */
  readonly url: string
  /** From others, where it listens on all addresses. */
  readonly networkUrls: readonly string[]
  /** Whether others can reach it. */
  readonly isOpen: boolean
}

/** Where a server is reached that listens on this address, or on all. */
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
    .filter((each) => each !== undefined)
    .filter(({ internal, family, scopeid }) => {
      // An address of one link (fe80::) works in no browser.
      return !internal && (family === 'IPv4' || (hasIPv6 && scopeid === 0))
    })
    .map(({ address }) => address)
}
