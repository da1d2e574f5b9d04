import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs'
import { codeOf } from '../data/error-code.js'

/** The path of a program with its `#!` line: more often it is the interpreter that is missing. */
export function describeProgram(program: string): string {
  try {
    const [line] = /^#![^\n]*/.exec(readHead(program) ?? '') ?? []
    return line === undefined ? program : `${program}, which begins with ${JSON.stringify(line)}`
  } catch {
    // The program itself cannot be read.
    return program
  }
}

/**
 * Refuses a text file without `#!` (ENOEXEC), as other servers do. libuv starts programs with execvp(3), which
 * would run such a file with /bin/sh.
 *
 * @throws {Error} with the code of the system.
 */
export function checkFormat(program: string): void {
  const head = readHead(program)
  if (head === null || head.startsWith('#!') || head.includes('\0')) return
  throw Object.assign(new Error('exec format error'), { code: 'ENOEXEC' })
}

/**
 * Checks that a program and its interpreter are executable. For a program that another one executes (setpriv, a
 * shell), whose errno does not reach this process.
 *
 * @throws {Error} with the code of the system.
 */
export function checkAccess(program: string): void {
  accessSync(toBytes(program), constants.X_OK)
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(readHead(program) ?? '') ?? []
  if (interpreter !== undefined) accessSync(toBytes(interpreter), constants.X_OK)
}

/** The first bytes of a file; null if it is not readable, which an executable need not be. */
function readHead(file: string): string | null {
  let descriptor: number
  try {
    descriptor = openSync(toBytes(file), constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (codeOf(error) === 'EACCES') return null
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
