import { CgiError, removeFrames } from './cgi-error.js'
import { codeOf } from './error-code.js'

/** Codes for a resource that is used up for now: the same request may succeed later. */
const SHORTAGES = new Set(['EAGAIN', 'EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM'])

/** The error for a program that the system did not start, or a file that it did not read. */
export function toSystemError(cause: unknown, file: string): CgiError {
  const code = codeOf(cause)
  // The system's errno says all; the frames are the gateway's own.
  if (code !== '' && cause instanceof Error) removeFrames(cause)
  const facts = { reason: `${code || 'unknown error'}: ${file}`, fault: code || undefined, cause }
  if (SHORTAGES.has(code)) {
    return new CgiError('CGI_ERR_NO_RESOURCES', { ...facts, headers: { 'retry-after': '1' } })
  }
  return new CgiError('CGI_ERR_SPAWN', facts)
}
