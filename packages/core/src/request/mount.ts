import { fromByteString, toByteString } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import { decodeEscapes } from './url-path.js'

/** Options of {@link findMount}. */
export interface MountOptions {
  /** The beginning of the path, as sent, that the framework has already matched. Default: none. */
  readonly base?: string | undefined
  /** Whether the file system ignores letter case, so that `/CGI-BIN` is `/cgi-bin`. Default: `false`. */
  readonly isCaseBlind?: boolean | undefined
}

/**
 * The beginning of a path, as sent, that matches a prefix: `/%63gi-bin` for `/%63gi-bin/a.cgi` and `/cgi-bin`,
 * `//cgi-bin` for `//cgi-bin/a.cgi`. Null if the path does not match. For adapters whose framework does not do
 * this itself.
 *
 * @throws {CgiError} CGI_ERR_BAD_TARGET, CGI_ERR_NOT_FOUND for a path that matches only if dot segments, encoded
 *   slashes, backslashes or letter case are read as file systems do. The gateway does not, but a static file
 *   server behind it does, and would send the source of scripts.
 */
export function findMount(
  path: string,
  prefix: string,
  { base = '', isCaseBlind = false }: MountOptions = {},
): string | null {
  const whole = base + prefix
  if (path.startsWith(whole) && isSegmentEnd(path.charCodeAt(whole.length))) return whole
  const given = withoutQuery(path)
  if (!isCaseBlind && !ODD.test(given)) return null
  if (given === '*') return null
  const wanted = segmentsOf(prefix).map(toByteString)
  const mount = given.startsWith(base) ? matchSegments(given, base.length, wanted) : null
  if (mount !== null) return mount
  refuseOtherReadings(given, [...segmentsOf(decodeEscapes(base)), ...wanted], isCaseBlind)
  return null
}

/** The first `count` segments of a path, as sent; repeated slashes count as one. */
export function takeMount(path: string, count: number): string {
  const given = withoutQuery(path)
  let end = 0
  for (let taken = 0; taken < count && end < given.length; taken += 1) end = segmentEnd(given, end)
  return given.slice(0, end)
}

/** A path without any of these has no other spelling. */
const ODD = /^[^/]|[%\\]|\/[./]/

function withoutQuery(path: string): string {
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}

function segmentsOf(path: string): string[] {
  return path.split('/').filter((segment) => segment !== '')
}

/** Whether a segment of a path ends before this character: `/`, `?`, `#`, or none. */
function isSegmentEnd(code: number): boolean {
  return Number.isNaN(code) || code === 0x2f || code === 0x3f || code === 0x23
}

/** Where the segment that begins at or after `start` ends; slashes before it are skipped. */
function segmentEnd(path: string, start: number): number {
  let begin = start
  while (path[begin] === '/') begin += 1
  // No segment follows: the slashes at the end belong to the rest after the mount.
  if (begin === path.length) return start
  const slash = path.indexOf('/', begin)
  return slash === -1 ? path.length : slash
}

/** The path up to the end of the wanted segments; null if it has others. */
function matchSegments(path: string, start: number, wanted: readonly string[]): string | null {
  if (path[0] !== '/') return null
  let end = start
  for (const name of wanted) {
    const next = segmentEnd(path, end)
    const segment = path.slice(end, next).replace(/^\/+/, '')
    if (decodeEscapes(segment) !== name) return null
    end = next
  }
  return path.slice(0, end)
}

/** @throws {CgiError} if some server reads the path as one below the mount. */
function refuseOtherReadings(path: string, wanted: readonly string[], isCaseBlind: boolean): void {
  const isBelow = (segments: readonly string[], same: (segment: string) => string): boolean =>
    wanted.every((name, index) => same(segments[index] ?? '') === same(name))
  const found = path.startsWith('/')
    ? readingsOf(path)
    : // Servers disagree about where the path begins in an absolute form with another scheme.
      decodeEscapes(path)
        .split(/[/\\]+/)
        .map((_, index, all) => all.slice(index))
  if (found.some((segments) => isBelow(segments, String))) {
    throw new CgiError('CGI_ERR_BAD_TARGET', {
      reason: 'the path reaches the mount by an ambiguous spelling',
    })
  }
  if (isCaseBlind && found.some((segments) => isBelow(segments, foldCase))) {
    throw new CgiError('CGI_ERR_NOT_FOUND', { reason: 'the path spells the mount differently' })
  }
}

const SLASH = /\//
const ANY_SLASH = /[/\\]/

/**
 * The segments of a path in all the ways in which servers read it: a backslash may separate segments, escapes may
 * be decoded before or after dot segments are removed, and `..` may remove an empty segment or the one before it.
 */
function readingsOf(path: string): string[][] {
  const readings: string[][] = []
  for (const last of [SLASH, ANY_SLASH]) {
    for (const keepsEmpty of [false, true]) {
      readings.push(resolveDots(decodeEscapes(path).split(last), keepsEmpty))
      for (const first of [SLASH, ANY_SLASH]) {
        const resolved = resolveDots(path.split(first), keepsEmpty).join('/')
        readings.push(resolveDots(decodeEscapes(resolved).split(last), keepsEmpty))
      }
    }
  }
  return readings.map((segments) => segments.filter((segment) => segment !== ''))
}

function resolveDots(segments: readonly string[], keepsEmpty: boolean): string[] {
  const resolved: string[] = []
  for (const segment of segments) {
    const name = decodeEscapes(segment)
    if (name === '.' || (name === '' && !keepsEmpty)) continue
    if (name === '..') resolved.pop()
    else resolved.push(segment)
  }
  return resolved
}

/** A name as case-insensitive file systems compare it; Windows ignores dots and blanks at its end. */
function foldCase(segment: string): string {
  const text = fromByteString(segment) ?? segment
  return text
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, '')
}
