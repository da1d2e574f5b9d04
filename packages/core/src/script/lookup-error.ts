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

/** A file that exists and is withheld: the application, which might send it, does not get the request. */
export function withheld(script: string, reason: string): CgiError {
  return new CgiError('CGI_ERR_NOT_FOUND', { script, reason })
}

/** Error codes for names that do not exist, or cannot. */
const MISSING = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'])

/** Whether an error means that the file does not exist. */
export function isMissing(error: unknown): boolean {
  return MISSING.has(codeOf(error))
}

/** The error for a file whose status cannot be read. */
export function toLookupError(file: string, error: unknown): CgiError {
  if (codeOf(error) !== 'EACCES') return toSystemError(error, file)
  return notExecutable(file, 'a folder above the file cannot be read', { cause: error })
}
