import path from 'node:path'

/** Whether a file or folder lies below a folder. Both paths are absolute and normalised. */
export function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}
