import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import nodeModule from 'node:module'
import path from 'node:path'

/** Added in Node.js 22.1; the types in use are those of 20. */
interface CompileCache {
  readonly enableCompileCache?: (folder: string) => unknown
}

/** Makes Node.js cache compiled code for the next start. Does nothing where no folder is safe for it. */
export function keepCompiledCode(): void {
  // A cast, since the types of 20 have nothing in common with it.
  const { enableCompileCache } = nodeModule as CompileCache
  const folder = enableCompileCache && makeCacheFolder(process.env)
  if (folder !== undefined) enableCompileCache?.(folder)
}

/**
 * Creates the user's private folder for compiled code; undefined where no folder is safe. Node.js runs the
 * code in it. The default of Node.js is a folder with a known name in /tmp, which any user can create first.
 */
export function makeCacheFolder(environment: NodeJS.ProcessEnv): string | undefined {
  const { XDG_CACHE_HOME: given = '', HOME: home = '' } = environment
  // The XDG Base Directory Specification ignores a relative path.
  const base = path.isAbsolute(given) ? given : path.join(home, '.cache')
  if (!path.isAbsolute(base)) return undefined
  const folder = path.join(base, 'common-gateway')
  try {
    // Creates nothing in the home of another user: `sudo` can leave HOME unchanged.
    if (!isOwn(realpathSync(nearestExisting(folder)))) return undefined
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const realFolder = realpathSync(folder)
    // Files in it are private if no other user can enter the folder.
    const isPrivate = (lstatSync(realFolder).mode & 0o077) === 0
    return isPrivate && isOwn(realFolder) ? realFolder : undefined
  } catch {
    return undefined
  }
}

function nearestExisting(folder: string): string {
  const isThere = lstatSync(folder, { throwIfNoEntry: false }) !== undefined
  return isThere ? folder : nearestExisting(path.dirname(folder))
}

/** Whether this user owns the folder, and no other user except root can replace it. */
function isOwn(realFolder: string): boolean {
  const user = process.geteuid?.()
  return lstatSync(realFolder).uid === user && ancestorsOf(realFolder).every(isSafe)

  function isSafe(ancestor: string): boolean {
    const { uid, mode } = lstatSync(ancestor)
    const isWritable = (mode & 0o022) !== 0
    // In a sticky folder such as /tmp, only the owner of an entry can replace it.
    const isSticky = (mode & 0o1000) !== 0
    return (uid === user || uid === 0) && (!isWritable || isSticky)
  }
}

/** The folder and its ancestors. */
function ancestorsOf(folder: string): string[] {
  const parent = path.dirname(folder)
  return parent === folder ? [folder] : [folder, ...ancestorsOf(parent)]
}
