import { isIP } from 'node:net'

// What proxies say of a client comes in many spellings; scripts know one of each (RFC 3875 section 4.1).

/** An IPv6 address in brackets, or an IPv4 address; with a port or without; RFC 7239 has both in quotes. */
const NODE = /^"?(?:\[([^\]]*)\](?::\w*)?|([\d.]+)(?::\w*)?|([^"]*))"?$/

/** The IPv4 or IPv6 address that a proxy has named; undefined where it is none (`unknown`, `_hidden`). */
export function toAddress(node: string | undefined): string | undefined {
  if (node === undefined) return undefined
  const [, bracketed, dotted, other] = NODE.exec(node.trim()) ?? []
  const address = bracketed ?? dotted ?? other ?? ''
  return isIP(address) === 0 ? undefined : address
}

/** The scheme that a proxy has named (RFC 3986 section 3.1: case-blind); undefined for any but HTTP's. */
export function toScheme(name: string | undefined): 'http' | 'https' | undefined {
  if (name === 'http' || name === 'https') return name
  const lowerCase = name?.trim().toLowerCase()
  return lowerCase === 'http' || lowerCase === 'https' ? lowerCase : undefined
}
