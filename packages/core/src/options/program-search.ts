import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/** Where programs are looked for without a PATH. */
export const FALLBACK_PATH = '/usr/local/bin:/usr/bin:/bin'

/** The absolute path of a program; a name without a slash is looked up in PATH. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? path.resolve(name) : undefined
  const folders = (process.env['PATH'] ?? FALLBACK_PATH).split(path.delimiter)
  return folders
    .filter((each) => each !== '')
    .map((each) => path.resolve(each, name))
    .find(isProgram)
}

/** Whether a path leads to a file that this process may execute. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
