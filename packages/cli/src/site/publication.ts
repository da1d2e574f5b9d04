import { hasNameOrCopy, isInside } from '@common-gateway/core/steps'
import { realpathSync } from 'node:fs'
import path from 'node:path'
import { CONFIG_NAMES } from '../settings/config-file.js'
import type { Site } from './site.js'

/** Names of folders whose files are programs, wherever they lie. */
const SCRIPT_FOLDERS = new Set(['cgi-bin', 'htbin'])

/**
 * Judges whether a file or folder may be sent or listed. What must never be is the scripts, by whatever name
 * or link they are asked for, what lies outside of the folders that are served, and what is nobody's business.
 *
 * The file is judged and not the URL: the many spellings of a URL end in few files. The file system is asked
 * synchronously: it takes microseconds, and the way through another thread takes more than all of it.
 *
 * @returns what judges an absolute path, whose real path may be known. What it compares it with is looked
 *   up once: a list has many files.
 */
export function createPublication(site: Site): (file: string, realFile?: string | null) => boolean {
  const scripts = site.cgiFolders.map(({ folder }) => {
    // Be it there or not: it may be made later.
    return { folder, realFolder: realPathOf(folder) ?? folder }
  })
  const programs = new Set(site.programs.map(({ file }) => realPathOf(file)))
  const isSecret = createSecretCheck(site)
  const roots = rootsOf(site)
  return (file, realFile = realPathOf(file)) => {
    if (realFile === null || programs.has(realFile) || isSecret(realFile)) return false
    const isScript = [file, realFile].some((each) => {
      // One that a URL has for itself is named by whoever has started this.
      const root = roots.find((folder) => isIn(each, folder))
      return root === undefined || path.relative(root, each).split(path.sep).some(isScriptFolder)
    })
    if (isScript) return false
    return !scripts.some(({ folder, realFolder }) => {
      return isIn(file, folder) || isIn(realFile, realFolder)
    })
  }
}

/** Judges whether a real path is that of a secret, or of a copy beside it. */
function createSecretCheck({ secrets }: Site): (realFile: string) => boolean {
  const names = secrets.map((file) => path.parse(realPathOf(file) ?? file))
  return (realFile) => {
    const here = names.filter(({ dir }) => dir === path.dirname(realFile))
    return hasNameOrCopy(realFile, (name) => {
      return CONFIG_NAMES.includes(name) || here.some(({ base }) => toPlainName(base) === name)
    })
  }
}

/** As {@link hasNameOrCopy} has names. */
function toPlainName(name: string): string {
  return name.toLowerCase().replace(/^[#.]+/, '')
}

/** Whether what has this real path lies outside of all that is served, and of what links may lead into. */
export function isOutside(realFile: string, site: Site): boolean {
  return !rootsOf(site).some((folder) => isIn(realFile, folder))
}

/** The longest first. */
function rootsOf({ trees, linkRoots }: Site): string[] {
  const folders = [...trees.map(({ folder }) => folder), ...linkRoots]
  return folders.toSorted((one, other) => other.length - one.length)
}

/** Where links lead from a file; null where nothing is. */
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
