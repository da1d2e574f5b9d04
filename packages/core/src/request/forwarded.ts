import { isIP } from 'node:net'

// Proxies write addresses and schemes in many forms; scripts expect one of each (RFC 3875 section 4.1).

/** An IPv6 address in brackets, or an IPv4 address; with or without a port, and with or without quotes (RFC 7239). */
const NODE = /^"?(?:\[([^\]]*)\](?::\w*)?|([\d.]+)(?::\w*)?|([^"]*))"?$/

/** The IPv4 or IPv6 address in the node of a proxy's field; undefined if it has none (`unknown`, `_hidden`). */
export function toAddress(node: string | undefined): string | undefined {
  if (node === undefined) return undefined
  const [, bracketed, dotted, other] = NODE.exec(node.trim()) ?? []
  const address = bracketed ?? dotted ?? other ?? ''
  return isIP(address) === 0 ? undefined : address
}

/** The scheme in a proxy's field (case-insensitive: RFC 3986 section 3.1); undefined for schemes other than HTTP's. */
export function toScheme(name: string | undefined): 'http' | 'https' | undefined {
  if (name === 'http' || name === 'https') return name
  const lowerCase = name?.trim().toLowerCase()
  return lowerCase === 'http' || lowerCase === 'https' ? lowerCase : undefined
}
