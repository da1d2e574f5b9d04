import { realpathSync, statSync } from 'node:fs'
import { badArgument } from '../settings/command-error.js'
import type { Settings } from '../settings/settings.js'

/** A folder of files, and where they answer. */
export interface FileTree {
  /** Without a slash at its end: empty for the folder that is served itself. */
  readonly url: string
  /** Absolute real path. */
  readonly folder: string
}

/** The folders of files, the one with the longest URL first. @throws {CommandError} for one that is not there. */
export function findFileTrees(folder: string, files: Settings['files'] = {}): FileTree[] {
  const others = Object.entries(files).map(([url, name]) => {
    return { url, folder: findFolder(name, `--files ${url}`) }
  })
  const depthOf = ({ url }: FileTree): number => url.split('/').length
  return [{ url: '', folder }, ...others].toSorted((one, other) => depthOf(other) - depthOf(one))
}

/** The real paths of the folders that links may lead into. @throws {CommandError} for one that is not there. */
export function findLinkRoots(folders: Settings['link-root'] = []): string[] {
  return folders.map((folder) => findFolder(folder, '--link-root'))
}

function findFolder(folder: string, flag: string): string {
  const status = statSync(folder, { throwIfNoEntry: false })
  if (status?.isDirectory() === true) return realpathSync(folder)
  throw badArgument(`${flag} must name a folder, but got '${folder}'`)
}
