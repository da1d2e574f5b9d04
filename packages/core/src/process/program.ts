import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs'

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

/**
 * libuv starts programs with execvp(3), which hands a text file without `#!` to /bin/sh. Servers have
 * always refused it instead (ENOEXEC), and so do we: what is no program is not run.
 */
export function checkFormat(program: string): void {
  const head = readHead(program)
  if (head === null || head.startsWith('#!') || head.includes('\0')) return
  throw Object.assign(new Error('exec format error'), { code: 'ENOEXEC' })
}

/**
 * Looks for what keeps a program from starting. Where another program comes first and becomes it, it
 * cannot be told any more by an errno.
 */
export function checkAccess(program: string): void {
  accessSync(toBytes(program), constants.X_OK)
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(readHead(program) ?? '') ?? []
  if (interpreter !== undefined) accessSync(toBytes(interpreter), constants.X_OK)
}

/** The first bytes of a file; null where it may be run, but not read. */
function readHead(file: string): string | null {
  let descriptor: number
  try {
    descriptor = openSync(toBytes(file), constants.O_RDONLY | constants.O_NONBLOCK)
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

function toBytes(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1')
}
