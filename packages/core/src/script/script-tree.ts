import { lstatSync, statSync } from 'node:fs'
import path from 'node:path'
import { fromByteString } from '../data/byte-string.js'
import { checkContained } from './containment.js'
import { badTarget, isMissing, toLookupError, withheld } from './lookup-error.js'
import type { Settings } from '../options/settings.js'

/** The settings that decide which names are looked for. */
export type TreeSettings = Pick<
  Settings<never>,
  'dotfiles' | 'encodedSlashes' | 'fallback' | 'linkRoots'
>

/** What a path leads to. */
export interface Found {
  readonly file: string
  /** The names that lead to it, below the root. */
  readonly names: readonly string[]
  /** How many segments lead to it; empty ones between slashes are counted. */
  readonly depth: number
  readonly kind: FileKind
  /** Whether a link was on the way. */
  readonly isLinked: boolean
}

type FileKind = 'file' | 'folder' | 'special'

/** What a name on disk leads to. */
interface Entry {
  readonly kind: FileKind
  readonly isLink: boolean
}

/** Whether realpath(3) gives names as they are on disk, and not just what links lead to. */
const REALPATH_TELLS_NAMES = process.platform !== 'linux'

/**
 * Goes down from the root, segment by segment, to the first file, and checks that it may be known of. Null
 * where there is nothing. Empty segments are passed over, as Apache and lighttpd merge slashes.
 *
 * @param segments - decoded, byte strings.
 * @throws {CgiError} CGI_ERR_BAD_TARGET; CGI_ERR_NOT_FOUND for what is there and is withheld.
 */
export function findInTree(
  root: string,
  segments: readonly string[],
  settings: TreeSettings,
): Found | null {
  const found = walk(root, segments, settings)
  if (found === null) return null
  if (settings.dotfiles === 'ignore' && found.names.some((name) => name.startsWith('.'))) {
    throw withheld(found.file, 'the name of the file or of a folder begins with a dot')
  }
  return isThere(root, found, settings) ? found : null
}

/** Looks for one more file in a folder that has been found. Null where there is none. */
export function findInFolder(
  root: string,
  folder: Found,
  name: string,
  settings: TreeSettings,
): Found | null {
  const file = path.join(folder.file, name)
  const entry = look(file)
  if (entry?.kind !== 'file') return null
  const isLinked = folder.isLinked || entry.isLink
  const found: Found = { ...folder, file, names: [...folder.names, name], kind: 'file', isLinked }
  return isThere(root, found, settings) ? found : null
}

function isThere(root: string, { file, isLinked }: Found, { linkRoots }: TreeSettings): boolean {
  // Where nothing more is to be learnt, it is not asked for: it takes as long as all the rest.
  if (!isLinked && !REALPATH_TELLS_NAMES) return true
  return file === root || checkContained(root, file, linkRoots)
}

function walk(root: string, segments: readonly string[], settings: TreeSettings): Found | null {
  const names: string[] = []
  let file = root
  let isLinked = false
  for (const [index, segment] of segments.entries()) {
    if (segment === '') continue
    const name = toName(segment, file, settings)
    if (name === null) return null
    names.push(name)
    file = file.endsWith(path.sep) ? file + name : file + path.sep + name
    const entry = look(file)
    if (entry === null) return null
    const { kind } = entry
    isLinked ||= entry.isLink
    if (kind !== 'folder') return { file, names, depth: index + 1, kind, isLinked }
  }
  return { file, names, depth: segments.length, kind: 'folder', isLinked }
}

/** The name on disk that a segment gives; null where a fallback answers for what can be no name. */
function toName(segment: string, folder: string, settings: TreeSettings): string | null {
  const isAnswered = settings.fallback !== undefined && settings.encodedSlashes === 'allow'
  if (segment.includes('\\')) throw badTarget('the path has a backslash')
  if (segment.includes('/')) {
    if (isAnswered) return null
    throw badTarget('the path has an encoded slash')
  }
  const name = fromByteString(segment)
  if (name !== null || settings.fallback !== undefined) return name
  // Another server may find a file by these bytes, or leave out those that are blanks in Latin-1.
  throw withheld(folder, 'the path has a name that is not UTF-8')
}

function look(file: string): Entry | null {
  try {
    const own = lstatSync(file, { throwIfNoEntry: false })
    const isLink = own?.isSymbolicLink() ?? false
    const status = isLink ? statSync(file, { throwIfNoEntry: false }) : own
    if (status === undefined) return null
    if (status.isDirectory()) return { kind: 'folder', isLink }
    return { kind: status.isFile() ? 'file' : 'special', isLink }
  } catch (error) {
    if (isMissing(error)) return null
    throw toLookupError(file, error)
  }
}
