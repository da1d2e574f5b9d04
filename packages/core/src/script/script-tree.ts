import { lstatSync, statSync } from 'node:fs'
import path from 'node:path'
import { fromByteString } from '../data/byte-string.js'
import { checkContained } from './containment.js'
import { badTarget, isMissing, toLookupError, withheld } from './lookup-error.js'
import type { Settings } from '../options/settings.js'

/** The settings that decide which names are valid. */
export type TreeSettings = Pick<
  Settings<never>,
  'dotfiles' | 'encodedSlashes' | 'fallback' | 'linkRoots'
>

/** What a path leads to. */
export interface Found {
  readonly file: string
  /** The names below the root that lead to it. */
  readonly names: readonly string[]
  /** How many segments lead to it, with the empty ones between slashes. */
  readonly depth: number
  readonly kind: FileKind
  /** Whether one of the names is a symbolic link. */
  readonly isLinked: boolean
}

type FileKind = 'file' | 'folder' | 'special'

/** What a name on disk leads to. */
interface Entry {
  readonly kind: FileKind
  readonly isLink: boolean
}

/** Whether realpath(3) returns the names on disk, beside resolving links. */
const REALPATH_RETURNS_DISK_NAMES = process.platform !== 'linux'

/**
 * Walks down from the root, segment by segment, to the first file, and checks that it is not withheld. Null
 * where nothing exists. Empty segments are skipped, as Apache and lighttpd merge slashes.
 *
 * @param segments - decoded, byte strings.
 * @throws {CgiError} CGI_ERR_BAD_TARGET; CGI_ERR_NOT_FOUND for a file that exists and is withheld.
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
  return isContained(root, found, settings) ? found : null
}

/** Looks for a file in a folder that was found. Null where there is none. */
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
  return isContained(root, found, settings) ? found : null
}

function isContained(
  root: string,
  { file, isLinked }: Found,
  { linkRoots }: TreeSettings,
): boolean {
  // realpath takes as long as all the rest; here it would return the path unchanged.
  if (!isLinked && !REALPATH_RETURNS_DISK_NAMES) return true
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

/** The name on disk for a segment; null where it cannot be a name, and `fallback` answers. */
function toName(segment: string, folder: string, settings: TreeSettings): string | null {
  const isAnswered = settings.fallback !== undefined && settings.encodedSlashes === 'allow'
  if (segment.includes('\\')) throw badTarget('the path has a backslash')
  if (segment.includes('/')) {
    if (isAnswered) return null
    throw badTarget('the path has an encoded slash')
  }
  const name = fromByteString(segment)
  if (name !== null || settings.fallback !== undefined) return name
  // Another handler may find a file by these bytes, or skip those that are blanks in Latin-1.
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
