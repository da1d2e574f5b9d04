import { lstatSync, readdirSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { CgiError } from '../data/cgi-error.js'
import { isInside } from '../data/path-inside.js'
import { isMissing, notExecutable, toLookupError, withheld } from './lookup-error.js'

/**
 * Checks that the real path of a file or folder lies in the root, or in one of `linkRoots`, and that its
 * name on disk is the one in the URL. File systems that ignore case, or a dot at the end, find files by other
 * names too, and the rules for a name (its extension, `nph-`) must hold (CVE-2025-46701).
 *
 * @param file - a path below the root.
 * @returns false where the file does not exist any more.
 * @throws {CgiError} CGI_ERR_NOT_FOUND for a file that is withheld.
 */
export function checkContained(root: string, file: string, linkRoots: readonly string[]): boolean {
  try {
    const [realRoot, realFile] = [realpathSync.native(root), realpathSync.native(file)]
    const below = file.slice(root.endsWith(path.sep) ? root.length - 1 : root.length)
    if (realFile === (realRoot === path.sep ? '' : realRoot) + below) return true
    const allowed = [realRoot, ...linkRoots]
    if (realFile !== realRoot && !isInsideAny(allowed, realFile)) {
      throw leavesRoot(root, below, allowed)
    }
    if (!isNamedOnDisk(root, below)) throw withheld(file, 'the name on disk is spelled differently')
    return true
  } catch (error) {
    if (error instanceof CgiError) throw error
    if (isMissing(error)) return false
    throw toLookupError(file, error)
  }
}

/**
 * Checks as late as possible that a script is still in the root: while the request was waiting, a folder
 * on the way may have become a link that leaves it (CWE-367). The milliseconds until the system and the
 * interpreter open the script by its name remain unchecked. A user that can swap folders in the root can
 * put scripts there, too.
 *
 * @param file - a path below the root.
 * @throws {CgiError} CGI_ERR_NOT_EXECUTABLE
 */
export function checkStillInside(root: string, file: string, linkRoots: readonly string[]): void {
  let real: readonly [root: string, file: string]
  try {
    if (hasNoLinkBelow(root, file)) return
    real = [realpathSync.native(root), realpathSync.native(file)]
  } catch (error) {
    throw notExecutable(file, 'the file no longer exists', { cause: error })
  }
  if (!isInsideAny([real[0], ...linkRoots], real[1])) {
    throw notExecutable(file, 'the file was moved out of the root')
  }
}

/**
 * Whether a file exists and no name of its path below the root is a link. realpath(3) would also resolve the root:
 * it takes 2 to 10 times as long, longer for a deeper root.
 */
function hasNoLinkBelow(root: string, file: string): boolean {
  for (let end = file.length; end > root.length; end = file.lastIndexOf(path.sep, end - 1)) {
    const status = lstatSync(file.slice(0, end), { throwIfNoEntry: false })
    if (status === undefined || status.isSymbolicLink()) return false
  }
  return true
}

function isInsideAny(folders: readonly string[], file: string): boolean {
  return folders.some((folder) => file === folder || isInside(file, folder))
}

/** Whether each name of the path is the one that its folder lists. */
function isNamedOnDisk(root: string, below: string): boolean {
  let folder = root
  for (const name of below.split(path.sep).slice(1)) {
    if (!readdirSync(folder).includes(name)) return false
    folder = path.join(folder, name)
  }
  return true
}

/** The error names the link, not the file: there are fewer links than files behind them. */
function leavesRoot(root: string, below: string, allowed: readonly string[]): CgiError {
  let link = root
  let target = root
  for (const name of below.split(path.sep).slice(1)) {
    link = path.join(link, name)
    target = realpathSync.native(link)
    if (!isInsideAny(allowed, target)) break
  }
  return new CgiError('CGI_ERR_NOT_FOUND', {
    script: link,
    linkTarget: target,
    reason: `the file is a link to ${target}, outside the root`,
  })
}
