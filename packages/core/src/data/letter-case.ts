import { statSync } from 'node:fs'
import path from 'node:path'

/** Whether the file system ignores letter case in the name of a folder. */
export function isCaseBlind(folder: string): boolean {
  const name = path.basename(folder)
  const other = name === name.toUpperCase() ? name.toLowerCase() : name.toUpperCase()
  const inode = inodeOf(folder)
  return other !== name && inode !== undefined && inodeOf(path.join(folder, '..', other)) === inode
}

function inodeOf(file: string): string | undefined {
  try {
    const { dev, ino } = statSync(file)
    return `${dev}:${ino}`
  } catch {
    return undefined
  }
}
