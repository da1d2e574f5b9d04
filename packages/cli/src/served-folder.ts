import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { cannotStart } from './command-error.js'

/** The folder's real path, which links in it are measured against. @throws {CommandError} */
export async function resolveFolder(folder: string): Promise<string> {
  if (!(await isFolder(folder))) throw cannotStart(`there is no folder '${folder}'`)
  const realFolder = await realpath(folder)
  if (['cgi-bin', 'htbin'].includes(path.basename(realFolder))) {
    const parent = path.dirname(realFolder)
    throw cannotStart(`'${folder}' is a folder of scripts: serve the one it is in, '${parent}'`)
  }
  return realFolder
}

/** Whether there is a folder of this name. */
async function isFolder(name: string): Promise<boolean> {
  return stat(name).then(
    (status) => status.isDirectory(),
    () => false,
  )
}
