import { closeSync, constants, openSync, readSync } from 'node:fs'

/** The first bytes of a file; null where it may be run, but not read. */
export function readHead(file: string): string | null {
  let descriptor: number
  try {
    descriptor = openSync(Buffer.from(file, 'latin1'), constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return null
    throw error
  }
  try {
    const head = Buffer.alloc(256)
    return head.toString('latin1', 0, readSync(descriptor, head, 0, head.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** Its path, and the line that names its interpreter: that is what cannot be found, more often. */
export function describeProgram(program: string): string {
  try {
    const [line] = /^#![^\n]*/.exec(readHead(program) ?? '') ?? []
    return line === undefined ? program : `${program}, which begins with ${JSON.stringify(line)}`
  } catch {
    // It is not there itself.
    return program
  }
}
