import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'

/** One file or folder in a listing. */
export interface Entry {
  readonly name: string
  /** `data`: a file in a folder of scripts that is not run; `withheld`: not served, `advice` has the reason. */
  readonly kind: 'folder' | 'scripts' | 'script' | 'file' | 'data' | 'withheld'
  /** In bytes. */
  readonly size?: number
  readonly modified?: Date
  /** Why it cannot be run or is not served, and what to do. */
  readonly advice?: string | undefined
}

/** How many files are read at once. Other requests are answered between two batches. */
const BATCH = 64

/** Reads the entries of a folder, with links resolved; null if it cannot be read. `judge` drops or changes one. */
export async function readEntries(
  folder: string,
  judge: (entry: Entry & { kind: 'file' | 'folder' }, realFile: string) => Entry | null,
): Promise<Entry[] | null> {
  const realFolder = await realPathOf(folder)
  const found = await readdir(folder, { withFileTypes: true }).catch(() => null)
  if (found === null || realFolder === null) return null

  const read = async (dirent: Dirent): Promise<Entry | null> => {
    const { name } = dirent
    // A URL cannot name a file with a backslash.
    if (name.startsWith('.') || name.includes('\\')) return null
    const file = path.join(folder, name)
    const realFile = dirent.isSymbolicLink() ? await realPathOf(file) : path.join(realFolder, name)
    const status = realFile === null ? null : await stat(file).catch(() => null)
    if (realFile === null || status === null) return null
    if (status.isDirectory()) return judge({ name, kind: 'folder' }, realFile)
    if (!status.isFile()) return null
    return judge({ name, kind: 'file', size: status.size, modified: status.mtime }, realFile)
  }

  const entries: (Entry | null)[] = []
  for (let start = 0; start < found.length; start += BATCH) {
    entries.push(...(await Promise.all(found.slice(start, start + BATCH).map(read))))
  }
  return entries.filter((entry) => entry !== null)
}

/** The real path of a file; null if it does not exist. */
export function realPathOf(file: string): Promise<string | null> {
  return realpath(file).catch(() => null)
}
