import { hasNameOrCopy, isInside } from '@common-gateway/core/steps'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { CONFIG_NAMES } from '../settings/config-file.js'
import type { Site } from './site.js'

/** Folders with these names contain programs, wherever they are in the site. */
const SCRIPT_FOLDERS = new Set(['cgi-bin', 'htbin'])

/**
 * Creates a predicate that says whether a file or folder can be sent or listed. It is false for scripts by
 * any of their names and links, for files outside the served folders, and for secrets.
 *
 * It checks the file rather than the URL, since many spellings of a URL name the same file. It reads the file
 * system synchronously, which takes microseconds; a detour through the thread pool takes longer.
 *
 * @returns a function of an absolute path and, if known, its real path. The folders that it compares them
 *   with are resolved once.
 */
export function createPublication(site: Site): (file: string, realFile?: string | null) => boolean {
  const scripts = site.cgiFolders.map(({ folder }) => {
    // A folder that does not exist yet can be created later.
    return { folder, realFolder: realPathOf(folder) ?? folder }
  })
  const programs = new Set(site.programs.map(({ file }) => realPathOf(file)))
  const isSecret = createSecretCheck(site)
  const roots = rootsOf(site)
  return (file, realFile = realPathOf(file)) => {
    if (realFile === null || programs.has(realFile) || isSecret(realFile)) return false
    const isWithheld = [file, realFile].some((name) => {
      // Only names below the root count: the operator chose the root itself.
      const root = roots.find((folder) => isIn(name, folder))
      return root === undefined || path.relative(root, name).split(path.sep).some(isScriptFolder)
    })
    if (isWithheld) return false
    return !scripts.some(({ folder, realFolder }) => {
      return isIn(file, folder) || isIn(realFile, realFolder)
    })
  }
}

/** Creates a predicate for the real paths of secrets and of copies beside them. */
function createSecretCheck({ secrets }: Site): (realFile: string) => boolean {
  const names = secrets.map((file) => path.parse(realPathOf(file) ?? file))
  return (realFile) => {
    const siblings = names.filter(({ dir }) => dir === path.dirname(realFile))
    return hasNameOrCopy(realFile, (name) => {
      return CONFIG_NAMES.includes(name) || siblings.some(({ base }) => toPlainName(base) === name)
    })
  }
}

/** The form in which {@link hasNameOrCopy} passes names. */
function toPlainName(name: string): string {
  return name.toLowerCase().replace(/^[#.]+/, '')
}

/** Whether a real path is outside the served folders and outside the folders that links can lead into. */
export function isOutside(realFile: string, site: Site): boolean {
  return !rootsOf(site).some((folder) => isIn(realFile, folder))
}

/** The longest first. */
function rootsOf({ trees, linkRoots }: Site): string[] {
  const folders = [...trees.map(({ folder }) => folder), ...linkRoots]
  return folders.toSorted((one, other) => other.length - one.length)
}

/** The real path of a file; null if it does not exist. */
export function realPathOf(file: string): string | null {
  try {
    return realpathSync.native(file)
  } catch {
    return null
  }
}

function isScriptFolder(name: string): boolean {
  return SCRIPT_FOLDERS.has(name)
}

function isIn(file: string, folder: string): boolean {
  return file === folder || isInside(file, folder)
}
