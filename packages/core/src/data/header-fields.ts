/**
 * A header field: its name as sent, and its value. The value is a byte string: each character is one byte (0x00
 * to 0xFF), as in Node's own header values.
 */
export type HeaderField = readonly [name: string, value: string]

/** Fields of the connection rather than of the message: RFC 9110 section 7.6.1, and older names still in use. */
const HOP_BY_HOP = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** Whether the field of this lower-case name is a hop-by-hop field. */
export function isHopByHop(lowerCaseName: string): boolean {
  return HOP_BY_HOP.has(lowerCaseName)
}

/** All values of the field of this lower-case name, in the order received. */
export function valuesOf(fields: readonly HeaderField[], lowerCaseName: string): string[] {
  const values: string[] = []
  for (const [name, value] of fields) {
    if (name.length === lowerCaseName.length && name.toLowerCase() === lowerCaseName) {
      values.push(value)
    }
  }
  return values
}

/**
 * Converts Node's flat `rawHeaders` to fields. The pseudo-header field `:authority` of HTTP/2 becomes Host (RFC
 * 9113 section 8.3.1); the others are dropped. A Host with another value stays beside it, and the request is
 * refused for its two hosts.
 */
export function toHeaderFields(rawHeaders: readonly string[]): HeaderField[] {
  const fields: HeaderField[] = []
  let authority: string | undefined
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    const value = rawHeaders[index + 1] ?? ''
    if (!name.startsWith(':')) fields.push([name, value])
    else if (name === ':authority') authority = value
  }
  if (authority === undefined || valuesOf(fields, 'host').includes(authority)) return fields
  return [['host', authority], ...fields]
}
