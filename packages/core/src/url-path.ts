import { fromByteString } from './byte-string.js'

/** Absolute form of a request-target (RFC 9112 section 3.2.2). */
const ABSOLUTE = /^[A-Za-z][A-Za-z0-9+.-]*:\/\/([^/?#]*)/

/** Host and port in a request-target in absolute form; undefined in any other form. */
export function authorityOf(target: string): string | undefined {
  return ABSOLUTE.exec(target)?.[1]
}

/** The path and query of a request-target that may be in absolute form (RFC 9112 section 3.2.2). */
export function toOriginForm(target: string): string {
  if (target.startsWith('/')) return target
  const rest = target.replace(ABSOLUTE, '')
  return rest.startsWith('?') || rest === '' ? `/${rest}` : rest
}

/** A path with its query, taken apart at the first `?`. */
export function splitQuery(url: string): [path: string, query: string] {
  const mark = url.indexOf('?')
  return mark === -1 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)]
}

/**
 * The first part of a path, as it was sent, that names this prefix: `/%63gi-bin` for
 * `/%63gi-bin/a.cgi` and `/cgi-bin`. Null where the path leads elsewhere. For adapters whose
 * framework does not do this itself.
 */
export function findMount(path: string, prefix: string): string | null {
  const wanted = prefix.split('/').slice(1)
  const mount = takeMount(path, wanted.length)
  const found = mount.split('/').slice(1)
  const same =
    found.length === wanted.length &&
    found.every((segment, index) => segment === wanted[index] || decode(segment) === wanted[index])
  return same ? mount : null
}

/** The first `count` segments of a path, as they were sent. */
export function takeMount(path: string, count: number): string {
  const [withoutQuery = ''] = path.split(/[?#]/, 1)
  const segments = withoutQuery.split('/', count + 1)
  return segments.length <= count ? withoutQuery : segments.join('/')
}

function decode(segment: string): string | null {
  if (!segment.includes('%')) return null
  try {
    return decodeURIComponent(segment)
  } catch {
    return null
  }
}

/** A path that is its own decoded form. */
const PLAIN = /^[\x21-\x24\x26-\x7e]*$/

/**
 * A decoded path of a URL, segment by segment. Null where it cannot be one: an escape that is not
 * two hexadecimal digits, bytes that are not UTF-8, a NUL.
 */
export function decodeSegments(path: string): string[] | null {
  if (PLAIN.test(path)) return path.split('/')
  const segments: string[] = []
  for (const segment of path.split('/')) {
    if (/%(?![0-9A-Fa-f]{2})|[^\0-\xff]/.test(segment)) return null
    const bytes = segment.replace(/%([0-9A-Fa-f]{2})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    )
    const text = fromByteString(bytes)
    if (text === null || text.includes('\0')) return null
    segments.push(text)
  }
  return segments
}
