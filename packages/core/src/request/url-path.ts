/** Absolute form of a request-target (RFC 9112 section 3.2.2). */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/

/** Host and port in a request-target in absolute form; undefined in any other form. */
export function authorityOf(target: string): string | undefined {
  return ABSOLUTE.exec(target)?.[1]
}

/**
 * A scheme and an authority that all URL parsers read in the same way. They disagree about where an authority
 * with `%`, `;` or a backslash ends, and about other schemes.
 */
const ORIGIN = /^https?:\/\/[\w.:@[\]~-]*(?=[/?#]|$)/i

/** The path and query of a request-target that may be in absolute form; an ambiguous one is returned unchanged. */
export function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target
  const rest = target.replace(ORIGIN, '')
  return rest.startsWith('?') || rest === '' ? `/${rest}` : rest
}

/** Splits a path and its query at the first `?`. */
export function splitQuery(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Decodes each valid percent-escape once, and leaves other characters unchanged. A byte string. */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** A path that needs no decoding. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/

/** Part of an invalid path: `%` without two hexadecimal digits, or a character that is no byte. */
const INVALID = /%(?![0-9A-Fa-f]{2})|[^\0-\xff]/

/**
 * The segments of a URL path, decoded once. Byte strings, since a path need not be UTF-8. Null for an invalid
 * path: `%` without two hexadecimal digits, a character that is no byte, or a NUL.
 */
export function decodeSegments(path: string): string[] | null {
  if (PLAIN.test(path)) return path.split('/')
  if (INVALID.test(path)) return null
  const segments = path.split('/').map(decodeEscapes)
  return segments.some((segment) => segment.includes('\0')) ? null : segments
}
