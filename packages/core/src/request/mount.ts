import { fromByteString, toByteString } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import { decodeEscapes } from './url-path.js'

/** How a gateway's mount is looked for in a path. */
export interface MountOptions {
  /** The beginning of the path, as sent, that the framework has matched already. Default: none. */
  readonly base?: string | undefined
  /** Whether the file system takes `/CGI-BIN` for `/cgi-bin`. Default: `false`. */
  readonly isCaseBlind?: boolean | undefined
}

/**
 * The first part of a path, as it was sent, that names this prefix: `/%63gi-bin` for
 * `/%63gi-bin/a.cgi` and `/cgi-bin`, `//cgi-bin` for `//cgi-bin/a.cgi`. Null where the path leads
 * elsewhere. For adapters whose framework does not do this itself.
 *
 * @throws {CgiError} CGI_ERR_BAD_TARGET, CGI_ERR_NOT_FOUND for a path that leads to the prefix only where
 *   dot segments, encoded slashes, backslashes or letter case are read as file systems do. The gateway
 *   does not read them so, but a static file server behind it does, and would send the source of scripts.
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
  const mount = given.startsWith(base) ? takeNamed(given, base.length, wanted) : null
  if (mount !== null) return mount
  refuseOtherReadings(given, [...segmentsOf(decodeEscapes(base)), ...wanted], isCaseBlind)
  return null
}

/** The first `count` segments of a path, as they were sent; repeated slashes are one. */
export function takeMount(path: string, count: number): string {
  const given = withoutQuery(path)
  let end = 0
  for (let taken = 0; taken < count && end < given.length; taken += 1) end = segmentEnd(given, end)
  return given.slice(0, end)
}

/** Without one of these, a path is its only spelling. */
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
  // A path that ends in slashes has no more segments: they belong to what comes after the mount.
  if (begin === path.length) return start
  const slash = path.indexOf('/', begin)
  return slash === -1 ? path.length : slash
}

/** The path up to the end of these segments; null where it has others. */
function takeNamed(path: string, start: number, wanted: readonly string[]): string | null {
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

/** @throws {CgiError} where some server reads the path as one below the mount. */
function refuseOtherReadings(path: string, wanted: readonly string[], isCaseBlind: boolean): void {
  const isBelow = (segments: readonly string[], same: (segment: string) => string): boolean =>
    wanted.every((name, index) => same(segments[index] ?? '') === same(name))
  const found = path.startsWith('/')
    ? readingsOf(path)
    : // Servers disagree about where the path of an absolute form begins that is not one of http.
      decodeEscapes(path)
        .split(/[/\\]+/)
        .map((_, index, all) => all.slice(index))
  if (found.some((segments) => isBelow(segments, String))) {
    throw new CgiError('CGI_ERR_BAD_TARGET', { reason: 'it names the scripts by an odd spelling' })
  }
  if (isCaseBlind && found.some((segments) => isBelow(segments, foldCase))) {
    throw new CgiError('CGI_ERR_NOT_FOUND', { reason: 'the mount is written otherwise' })
  }
}

const SLASH = /\//
const ANY_SLASH = /[/\\]/

/**
 * The ways in which servers read a path: a backslash may part segments, an escape may be decoded before or
 * after dot segments are resolved, and `..` may take an empty segment away or the one before it.
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

/** As file systems that are blind to case compare names; Windows leaves out dots and blanks at the end. */
function foldCase(segment: string): string {
  const text = fromByteString(segment) ?? segment
  return text
    .normalize('NFC')
    .toUpperCase()
    .toLowerCase()
    .replace(/[. ]+$/, '')
}
