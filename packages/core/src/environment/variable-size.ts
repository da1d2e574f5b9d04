import { readFileSync } from 'node:fs'
import { CgiError } from '../data/cgi-error.js'
import { codeOf } from '../data/error-code.js'

/**
 * The longest name and value of a variable together, in bytes. Linux limits a string to 32 pages (MAX_ARG_STRLEN
 * of execve(2)), which includes the `=` between them and the NUL at the end.
 */
export const LONGEST_VARIABLE =
  process.platform === 'linux' ? 32 * 4096 - 2 : Number.POSITIVE_INFINITY

/** What a variable adds to the size that the system limits: a pointer, its string, `=` and NUL; in bytes. */
export function sizeOf(name: string, value: string): number {
  return 8 + name.length + value.length + 2
}

const MEBIBYTE = 1024 * 1024

/**
 * How large arguments and variables of a program may be together, in bytes. Linux: a quarter of the soft limit of the
 * stack, at most 6 MiB and at least 128 KiB (execve(2), bprm_stack_limits() in fs/exec.c).
 */
export function largestEnvironment(): number {
  if (process.platform !== 'linux') return Number.POSITIVE_INFINITY
  try {
    const limits = readFileSync('/proc/self/limits', 'latin1')
    const stack = /^Max stack size +(\d+)/m.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY
    return Math.max(Math.min(Number(stack) / 4, 6 * MEBIBYTE), MEBIBYTE / 8)
  } catch {
    // There is no proc(5) here, or Node's permission model forbids to read it.
    return Number.POSITIVE_INFINITY
  }
}

/** From this size on, in bytes, the request is the cause of an environment that is too large. */
const LARGE_REQUEST = 64 * 1024

/** Variables that contain parts of the request-target. */
const TARGET_VARIABLES = [
  'REQUEST_URI',
  'QUERY_STRING',
  'PATH_INFO',
  'PATH_TRANSLATED',
  'SCRIPT_NAME',
]

/**
 * The error for a script that could not be started with this environment: if the environment was too large
 * (E2BIG) because of the request, an error of the request, and otherwise the given error.
 */
export function toSizeError(
  error: unknown,
  environment: Readonly<Record<string, string>> | undefined,
): unknown {
  if (environment === undefined || !isTooBig(error)) return error
  let targetSize = 0
  let fieldsSize = 0
  for (const [name, { length }] of Object.entries(environment)) {
    if (name.startsWith('HTTP_') || name === 'CONTENT_TYPE') fieldsSize += length
    else if (TARGET_VARIABLES.includes(name)) targetSize += length
  }
  if (targetSize + fieldsSize < LARGE_REQUEST) return error
  const code = targetSize > fieldsSize ? 'CGI_ERR_TARGET_TOO_LONG' : 'CGI_ERR_FIELD_TOO_LARGE'
  return new CgiError(code, {
    reason: `the variables of the request have ${targetSize + fieldsSize} bytes`,
  })
}

function isTooBig(error: unknown): boolean {
  return error instanceof CgiError && codeOf(error.cause) === 'E2BIG'
}
