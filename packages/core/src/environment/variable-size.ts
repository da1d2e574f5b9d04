import { CgiError } from '../data/cgi-error.js'

/**
 * How long the name and the value of a variable may be together: Linux takes no longer string
 * (MAX_ARG_STRLEN of execve(2), 32 pages), with a `=` between them and a NUL at the end.
 */
export const LONGEST_VARIABLE =
  process.platform === 'linux' ? 32 * 4096 - 2 : Number.POSITIVE_INFINITY

/** From which size on a request is to blame for an environment that is too large, in bytes. */
const LARGE_REQUEST = 64 * 1024

/** Variables that have their length from the target of the request. */
const OF_TARGET = ['REQUEST_URI', 'QUERY_STRING', 'PATH_INFO', 'PATH_TRANSLATED', 'SCRIPT_NAME']

/**
 * The error for a script that could not be started with this environment. Where all of it together was
 * too large (E2BIG), and that is the request's doing, it is the request that is refused.
 */
export function toSizeError(
  error: unknown,
  environment: Readonly<Record<string, string>> | undefined,
): unknown {
  if (environment === undefined || !isTooBig(error)) return error
  let ofTarget = 0
  let ofFields = 0
  for (const [name, { length }] of Object.entries(environment)) {
    if (name.startsWith('HTTP_') || name === 'CONTENT_TYPE') ofFields += length
    else if (OF_TARGET.includes(name)) ofTarget += length
  }
  if (ofTarget + ofFields < LARGE_REQUEST) return error
  const code = ofTarget > ofFields ? 'CGI_ERR_TARGET_TOO_LONG' : 'CGI_ERR_FIELD_TOO_LARGE'
  return new CgiError(code, { reason: `its variables have ${ofTarget + ofFields} bytes` })
}

function isTooBig(error: unknown): boolean {
  if (!(error instanceof CgiError)) return false
  const { cause } = error
  return cause instanceof Error && 'code' in cause && cause.code === 'E2BIG'
}
