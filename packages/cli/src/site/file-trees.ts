import { realpathSync, statSync } from 'node:fs'
import { badArgument } from '../settings/command-error.js'
import type { Settings } from '../settings/settings.js'

/** A folder of files and its URL. */
export interface FileTree {
  /** Without a trailing slash; empty for the served folder itself. */
  readonly url: string
  /** Absolute real path. */
  readonly folder: string
}

/** The folders of files, the longest URL first. @throws {CommandError} if one of them does not exist. */
export function findFileTrees(folder: string, files: Settings['files'] = {}): FileTree[] {
  const others = Object.entries(files).map(([url, name]) => {
    return { url, folder: findFolder(name, `--files ${url}`) }
  })
  const depthOf = ({ url }: FileTree): number => url.split('/').length
  return [{ url: '', folder }, ...others].toSorted((one, other) => depthOf(other) - depthOf(one))
}

/** The real paths of the folders that links can lead into. @throws {CommandError} if one does not exist. */
export function findLinkRoots(folders: Settings['link-root'] = []): string[] {
  return folders.map((folder) => findFolder(folder, '--link-root'))
}

function findFolder(folder: string, flag: string): string {
  const status = statSync(folder, { throwIfNoEntry: false })
  if (status?.isDirectory() === true) return realpathSync(folder)
  throw badArgument(`${flag} must name a folder, but got '${folder}'`)
}
