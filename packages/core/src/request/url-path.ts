/** Absolute form of a request-target (RFC 9112 section 3.2.2). */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/

/** Host and port in a request-target in absolute form; undefined in any other form. */
export function authorityOf(target: string): string | undefined {
  return ABSOLUTE.exec(target)?.[1]
}

/**
 * What every parser of URLs takes off in the same way. They disagree about where an authority ends that
 * holds `%`, `;` or a backslash, and about what follows another scheme.
 */
const ORIGIN = /^https?:\/\/[\w.:@[\]~-]*(?=[/?#]|$)/i

/** The path and query of a request-target that may be in absolute form; it stays where that is not clear. */
export function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target
  const rest = target.replace(ORIGIN, '')
  return rest.startsWith('?') || rest === '' ? `/${rest}` : rest
}

/** A path with its query, taken apart at the first `?`. */
export function splitQuery(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/** Decodes each valid escape of a path, once; what is no escape stays. A byte string. */
export function decodeEscapes(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  )
}

/** A path that needs no decoding. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/

/** What makes a path invalid: an escape that is not two hexadecimal digits, and what is no byte. */
const INVALID = /%(?![0-9A-Fa-f]{2})|[^\0-\xff]/

/**
 * The segments of a path of a URL, decoded once: byte strings, since a path need not be UTF-8. Null for
 * a path that is not valid: an escape that is not two hexadecimal digits, a NUL.
 */
export function decodeSegments(path: string): string[] | null {
  if (PLAIN.test(path)) return path.split('/')
  if (INVALID.test(path)) return null
  const segments = path.split('/').map(decodeEscapes)
  return segments.some((segment) => segment.includes('\0')) ? null : segments
}
