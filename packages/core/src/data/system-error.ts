import { CgiError, removeFrames } from './cgi-error.js'

/** The system is short of something; the same request may well be served later. */
const SHORTAGES = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

/** The error for a program that the system did not start, or a file that it did not look at. */
export function toSystemError(cause: unknown, file: string): CgiError {
  const isErrno = cause instanceof Error && 'code' in cause
  const errno = isErrno ? String(cause.code) : 'unknown error'
  // What the system says of a script has nothing to do with where it was asked.
  if (isErrno) removeFrames(cause)
  const reason = `${errno}: ${file}`
  if (SHORTAGES.has(errno)) {
    return new CgiError('CGI_ERR_NO_RESOURCES', { reason, cause, headers: { 'retry-after': '1' } })
  }
  return new CgiError('CGI_ERR_SPAWN', { reason, cause })
}
