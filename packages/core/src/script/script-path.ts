import { fromByteString } from '../data/byte-string.js'
import type { Settings } from '../options/settings.js'
import { decodeSegments } from '../request/url-path.js'
import type { ScriptPath } from '../transport/script-finder.js'
import { badTarget } from './lookup-error.js'

/** The settings that decide which paths are valid. */
export type PathSettings = Pick<Settings<never>, 'encodedSlashes'>

/**
 * Splits and decodes the path of a request.
 *
 * @param urlPath - the path as the client sent it, without a query; it begins with `mount`.
 * @param mount - the part of it that the gateway is mounted at, as sent, without a slash at its end.
 * @throws {CgiError} CGI_ERR_BAD_TARGET for a path that is never valid.
 */
export function parseScriptPath(
  urlPath: string,
  mount: string,
  settings: PathSettings,
): ScriptPath {
  const mountName = toMountName(mount, settings)
  const below = urlPath.slice(mount.length)
  if (below !== '' && !below.startsWith('/'))
    throw badTarget('the path does not begin with a slash')
  return { urlPath, mountName, segments: decodePath(below, settings).slice(1) }
}

/** The path that consists of these segments. */
export function toPath(segments: readonly string[]): string {
  return segments.map((segment) => `/${segment}`).join('')
}

/** A dot segment, also within a segment that has encoded slashes. */
const DOT_SEGMENT = /(?:^|\/)\.{1,2}(?:\/|$)/

/** Decodes a path once, and refuses the forms that have fooled scripts and file systems. */
function decodePath(urlPath: string, { encodedSlashes }: PathSettings): string[] {
  const segments = decodeSegments(urlPath)
  if (segments === null) throw badTarget('the path has an invalid escape or byte')
  let hasSlash = false
  for (const segment of segments) {
    if (DOT_SEGMENT.test(segment)) throw badTarget('the path has a dot segment')
    hasSlash ||= segment.includes('/')
  }
  if (hasSlash && encodedSlashes === 'deny') throw badTarget('the path has an encoded slash')
  return segments
}

function toMountName(mount: string, settings: PathSettings): string {
  const segments = decodePath(mount, settings).filter((segment) => segment !== '')
  const name = fromByteString(toPath(segments))
  if (name === null) throw badTarget('the mount is not UTF-8')
  return name
}
