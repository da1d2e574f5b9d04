import { accessSync, constants, lstatSync, statSync } from 'node:fs'
import path from 'node:path'
import { createPublication, realPathOf } from './publication.js'
import { createSourceCheck } from './source-check.js'
import { toSitePath } from './site-path.js'
import type { Site } from './site.js'

/** A regular file that may be sent. */
export interface FoundFile {
  readonly type: 'file'
  /** Absolute path, which can contain symbolic links. */
  readonly file: string
  /** Its real path. */
  readonly realFile: string
}

/** The entry of the site that a URL names. */
export type FoundEntry =
  | FoundFile
  /** A folder without an index. */
  | { readonly type: 'folder' }
  /** A folder whose URL lacks the trailing slash. */
  | { readonly type: 'redirect'; readonly location: string }
  /** A folder whose index must not be sent. It is not listed either. */
  | { readonly type: 'withheld' }
  /** It can be the source of a script, or a copy of one. */
  | { readonly type: 'source'; readonly file: string }
  /** It exists, but this user cannot read it. */
  | { readonly type: 'unreadable'; readonly file: string }

/**
 * Looks up the regular file or folder that a URL names, without opening it. Null if there is none, or if it
 * must not be sent.
 *
 * Reads the file system synchronously, as {@link createPublication} does.
 */
export function lookUpEntry(url: string, site: Site): FoundEntry | null {
  const file = toSitePath(url, site)?.file
  if (file === undefined) return null
  const isPublished = createPublication(site)
  const isSource = createSourceCheck(site)
  const found = look(file)
  const [urlPath = ''] = url.split('?', 1)
  const hasSlash = urlPath.endsWith('/')
  if (found?.type !== 'folder') return hasSlash ? null : found
  const inFolder = lookInto(file)
  const isShown = inFolder.type === 'folder' || inFolder.type === 'file'
  if (hasSlash || !isShown) return inFolder
  return { type: 'redirect', location: `${urlPath}/${url.slice(urlPath.length)}` }

  function lookInto(folder: string): FoundEntry {
    if (!canRead(folder, 'folder')) return { type: 'unreadable', file: folder }
    for (const name of site.indexes) {
      const index = path.join(folder, name)
      if (!isThere(index)) continue
      const foundIndex = look(index)
      if (foundIndex?.type !== 'folder') return foundIndex ?? { type: 'withheld' }
    }
    return { type: 'folder' }
  }

  function look(entry: string): FoundEntry | null {
    const realFile = realPathOf(entry)
    if (realFile === null || !isPublished(entry, realFile)) return null
    const kind = kindOf(realFile)
    if (kind === null) return null
    if (kind === 'folder') return { type: 'folder' }
    if (!canRead(realFile, 'file')) return { type: 'unreadable', file: entry }
    return { type: isSource(entry, realFile) ? 'source' : 'file', file: entry, realFile }
  }
}

/** Whether this user can read a file, or can list a folder and open its entries. */
export function canRead(file: string, kind: 'file' | 'folder'): boolean {
  try {
    accessSync(file, kind === 'file' ? constants.R_OK : constants.R_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Null for a FIFO, a socket or a device. */
function kindOf(file: string): 'file' | 'folder' | null {
  try {
    const status = statSync(file)
    if (status.isFile()) return 'file'
    return status.isDirectory() ? 'folder' : null
  } catch {
    return null
  }
}

function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    return false
  }
}
