import { type Stats, statSync } from 'node:fs'

/** Whether a folder is at this path. */
export function isFolder(file: string): boolean {
  return statusOf(file)?.isDirectory() ?? false
}

/** Whether a regular file is at this path. */
export function isFile(file: string): boolean {
  return statusOf(file)?.isFile() ?? false
}

function statusOf(file: string): Stats | undefined {
  try {
    return statSync(file)
  } catch {
    // Whatever the reason, it is not there to be used.
    return undefined
  }
}
