import path from 'node:path'

/** Whether a path is below a folder. Both are absolute and normalised. */
export function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}
