import { accessSync, constants, statSync } from 'node:fs'

/** A program that was looked up, and the files that decide on it: it, and those that would come first if they were there. */
export interface FoundProgram {
  readonly program: string
  readonly decisive: readonly string[]
}

/**
 * Looks a name up as env(1) does, by execvp(3).
 *
 * @param searchPath - the variable PATH; a byte string.
 * @returns undefined where there is none, or where it depends on the working directory.
 */
export function findInPath(name: string, searchPath: string | undefined): FoundProgram | undefined {
  if (name.includes('/')) return name.startsWith('/') ? { program: name, decisive: [] } : undefined
  const decisive: string[] = []
  for (const folder of (searchPath ?? '').split(':')) {
    // An empty one is the working directory.
    if (!folder.startsWith('/')) return undefined
    const program = `${folder}/${name}`
    decisive.push(program)
    if (isProgram(program)) return { program, decisive }
  }
  return undefined
}

function isProgram(file: string): boolean {
  const bytes = Buffer.from(file, 'latin1')
  try {
    accessSync(bytes, constants.X_OK)
    return statSync(bytes).isFile()
  } catch {
    return false
  }
}
