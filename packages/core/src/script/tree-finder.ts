import { toByteString } from '../data/byte-string.js'
import type { Settings } from '../options/settings.js'
import type { ScriptPath } from '../transport/script-finder.js'
import { checkStillInside } from './containment.js'
import type { Finder, FolderRedirect, OtherFile, Resource, Script } from './finder.js'
import { type InterpreterSettings, isRunnable, toScript } from './interpreter.js'
import { notExecutable, withheld } from './lookup-error.js'
import { hasScriptName, mayBeSource } from './other-file.js'
import { toPath } from './script-path.js'
import { findInFolder, findInTree, type Found, type TreeSettings } from './script-tree.js'

/** The settings that decide which script of a folder a path names. */
export type TreeFinderSettings = TreeSettings &
  InterpreterSettings &
  Pick<Settings<never>, 'index' | 'extensions' | 'otherFiles'>

/** Finds scripts, and the files beside them, in a folder and its sub-folders. */
export class TreeFinder implements Finder {
  readonly #root: string
  readonly #settings: TreeFinderSettings

  constructor(root: string, settings: TreeFinderSettings) {
    this.#root = root
    this.#settings = settings
  }

  find({ urlPath, mountName, segments }: ScriptPath): Resource | null {
    const found = findInTree(this.#root, segments, this.#settings)
    if (found?.kind === 'special') throw notExecutable(found.file, 'the file is not a regular file')
    if (found?.kind === 'file') {
      const rest = segments.slice(found.depth)
      if (this.#isScript(found.file)) return this.#run(found, mountName, toPath(rest))
      if (rest.length === 0) return this.#send(found)
      if (this.#settings.fallback === undefined) {
        // Refused as the file itself would be; but a path through a file leads nowhere.
        this.#send(found)
        return null
      }
    } else if (found !== null) {
      const index = this.#findIndex(found, mountName)
      if (index === null) return null
      if (index !== undefined) return urlPath.endsWith('/') ? index : toRedirect(urlPath)
    }
    return this.findFallback(mountName)
  }

  recheck({ file }: Script): void {
    checkStillInside(this.#root, file, this.#settings.linkRoots)
  }

  /** The script that answers for paths that name no file. Null where there is none. */
  findFallback(mountName: string): Script | null {
    const { fallback } = this.#settings
    if (fallback === undefined) return null
    const segments = toByteString(fallback).split('/')
    const found = findInTree(this.#root, segments, this.#settings)
    if (found?.kind !== 'file' || found.depth < segments.length) return null
    return this.#isScript(found.file) ? this.#run(found, mountName, '') : null
  }

  /** The file that answers for a folder: null where the application sends it, undefined where there is none. */
  #findIndex(folder: Found, mountName: string): Script | OtherFile | null | undefined {
    for (const name of this.#settings.index) {
      const found = findInFolder(this.#root, folder, name, this.#settings)
      if (found === null) continue
      return this.#isScript(found.file) ? this.#run(found, mountName, '') : this.#send(found)
    }
    return undefined
  }

  /** Whether a file is a script, executable or not. */
  #isScript(file: string): boolean {
    if (!hasScriptName(file, this.#settings)) return false
    const { extensions, otherFiles } = this.#settings
    const hasOtherFiles = extensions === undefined && otherFiles !== 'deny'
    return !hasOtherFiles || isRunnable(file, this.#settings)
  }

  #run({ file, names }: Found, mountName: string, pathInfo: string): Script {
    if (!isRunnable(file, this.#settings)) {
      throw notExecutable(
        file,
        'the file is not executable, and its extension has no interpreter',
        {
          fault: 'no-permission',
        },
      )
    }
    return toScript(file, mountName + toPath(names), pathInfo, this.#settings)
  }

  /** Null where the application is to send the file. */
  #send({ file, names, isLinked }: Found): OtherFile | null {
    const { otherFiles } = this.#settings
    if (otherFiles === 'deny') throw notExecutable(file, 'the file name is not that of a script')
    if (names.some((name) => name.startsWith('.') && name !== '.well-known')) {
      throw withheld(file, 'the name of the file or of a folder begins with a dot')
    }
    if (mayBeSource(file, isLinked, this.#settings)) {
      throw withheld(file, 'the file may be the source or a copy of a script')
    }
    return otherFiles === 'send' ? { type: 'file', file } : null
  }
}

function toRedirect(urlPath: string): FolderRedirect {
  // `//other.example/` would be another host.
  return { type: 'folder', location: `${urlPath.replace(/^\/+/, '/')}/` }
}
