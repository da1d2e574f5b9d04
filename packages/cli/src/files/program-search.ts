import { accessSync, constants, statSync } from 'node:fs'
import path from 'node:path'

/** The absolute path of a program; a name without a slash is looked up in PATH. Undefined: there is none. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? path.resolve(name) : undefined
  return (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .filter((folder) => folder !== '')
    .map((folder) => path.resolve(folder, name))
    .find(isProgram)
}

/** Whether a file can be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
