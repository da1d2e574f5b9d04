/**
 * One header field: its name as it was sent, and its value. A value is a byte string: each character
 * is one byte (0x00 to 0xFF), which is how Node gives and takes header values.
 */
export type HeaderField = readonly [name: string, value: string]

/**
 * Fields that belong to one connection and not to the message: RFC 9110 section 7.6.1, with the
 * older names that are still sent.
 */
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

/** Whether a field of this lower-case name ends with the connection it came on. */
export function isHopByHop(lowerCaseName: string): boolean {
  return HOP_BY_HOP.has(lowerCaseName)
}

/** Every value of the fields of this lower-case name, in the order they came. */
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
 * Node's flat `rawHeaders` as fields. Of the pseudo-header fields of HTTP/2 only `:authority` stays,
 * as the Host that it stands for (RFC 9113 section 8.3.1). Where a Host says something else, both stay:
 * two hosts are refused.
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
