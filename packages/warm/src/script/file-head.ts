import { closeSync, constants, openSync, readSync } from 'node:fs'

/** Reads the first bytes of a file, a byte string; empty if it cannot be read. @param file - a byte string. */
export function readHead(file: string, size: number): string {
  let descriptor: number | undefined
  try {
    descriptor = openSync(Buffer.from(file, 'latin1'), constants.O_RDONLY | constants.O_NONBLOCK)
    const head = Buffer.alloc(size)
    return head.toString('latin1', 0, readSync(descriptor, head, 0, size, 0))
  } catch {
    return ''
  } finally {
    if (descriptor !== undefined) closeSync(descriptor)
  }
}
