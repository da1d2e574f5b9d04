import { CgiError, type CgiErrorDetails } from '../data/cgi-error.js'
import { codeOf } from '../data/error-code.js'
import { toSystemError } from '../data/system-error.js'

/** A path that is never valid. */
export function badTarget(reason: string): CgiError {
  return new CgiError('CGI_ERR_BAD_TARGET', { reason })
}

/** A file that exists and cannot be run. */
export function notExecutable(
  script: string,
  reason: string,
  details?: Pick<CgiErrorDetails, 'cause' | 'fault'>,
): CgiError {
  return new CgiError('CGI_ERR_NOT_EXECUTABLE', { script, reason, ...details })
}

/** A file that exists and is withheld: the application must not get the request, it might send the file. */
export function withheld(script: string, reason: string): CgiError {
  return new CgiError('CGI_ERR_NOT_FOUND', { script, reason })
}

/** What the system says of a name that is not there, or cannot be anywhere. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/** Whether the system says that there is no such file. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error))
}

/** The error for a file that the system does not let us look at. */
export function toLookupError(file: string, error: unknown): CgiError {
  if (codeOf(error) !== 'EACCES') return toSystemError(error, file)
  return notExecutable(file, 'a folder above the file cannot be read', { cause: error })
}
