import path from 'node:path'

/** Whether a file or folder lies in a folder; both are absolute real paths. */
export function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}
