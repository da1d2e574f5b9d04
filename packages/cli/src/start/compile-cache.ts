import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import nodeModule from 'node:module'
import path from 'node:path'

/** It came with Node.js 22.1; the types are those of 20. */
interface CompileCache {
  readonly enableCompileCache?: (folder: string) => unknown
}

/** Has Node.js keep what it compiles for the next start. Does nothing where no folder is safe for it. */
export function keepCompiledCode(): void {
  // A cast, since the types of 20 have nothing in common with it.
  const { enableCompileCache } = nodeModule as CompileCache
  const folder = enableCompileCache && makeCacheFolder(process.env)
  if (folder !== undefined) enableCompileCache?.(folder)
}

/**
 * Makes the folder of the user's own that compiled code is kept in; undefined where there is none. Node.js runs
 * what it finds there. Its default is a folder with a known name in /tmp: any user could make that one first.
 */
export function makeCacheFolder(environment: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CACHE_HOME: given = '', HOME: home = '' } = environment
  // The XDG Base Directory Specification ignores a relative path.
  const base = path.isAbsolute(given) ? given : path.join(home, '.cache')
  if (!path.isAbsolute(base)) return undefined
  const folder = path.join(base, 'common-gateway')
  try {
    // Nothing is made in the home of another user: `sudo` may leave HOME as it was.
    if (!isOwn(realpathSync(nearestThatIsThere(folder)))) return undefined
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const realFolder = realpathSync(folder)
    // Whatever Node.js makes in it is private, too, if no other user can enter it.
    const isPrivate = (lstatSync(realFolder).mode & 0o077) === 0
    return isPrivate && isOwn(realFolder) ? realFolder : undefined
  } catch {
    return undefined
  }
}

function nearestThatIsThere(folder: string): string {
  const isThere = lstatSync(folder, { throwIfNoEntry: false }) !== undefined
  return isThere ? folder : nearestThatIsThere(path.dirname(folder))
}

/** Whether a folder is this user's, and no other user but the superuser can put another in its place. */
function isOwn(realFolder: string): boolean {
  const user = process.geteuid?.()
  return lstatSync(realFolder).uid === user && ancestorsOf(realFolder).every(isSafe)

  function isSafe(ancestor: string): boolean {
    const { uid, mode } = lstatSync(ancestor)
    const isWritable = (mode & 0o022) !== 0
    // What is in a sticky folder, as /tmp is, only its owner can replace.
    const isSticky = (mode & 0o1000) !== 0
    return (uid === user || uid === 0) && (!isWritable || isSticky)
  }
}

/** The folder itself, and those that it is in. */
function ancestorsOf(folder: string): string[] {
  const parent = path.dirname(folder)
  return parent === folder ? [folder] : [folder, ...ancestorsOf(parent)]
}
