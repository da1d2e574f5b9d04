import { realpath, stat } from 'node:fs/promises'
import path from 'node:path'
import { cannotStart } from './command-error.js'

/** The real path of the folder; links in it are compared with this path. @throws {CommandError} */
export async function resolveFolder(folder: string): Promise<string> {
  const status = await stat(folder).catch(() => null)
  if (status === null) throw cannotStart(`there is no folder '${folder}'`)
  const realFolder = await realpath(folder)
  if (!status.isDirectory()) {
    const parent = path.dirname(realFolder)
    throw cannotStart(`'${folder}' is a file: serve the folder it is in, '${parent}'`)
  }
  if (['cgi-bin', 'htbin'].includes(path.basename(realFolder))) {
    const parent = path.dirname(realFolder)
    throw cannotStart(`'${folder}' is a folder of scripts: serve the one it is in, '${parent}'`)
  }
  return realFolder
}
