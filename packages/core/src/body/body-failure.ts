import type { Readable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import { codeOf } from '../data/error-code.js'

/** Error codes of a request stream, and of streams it is piped to, when the client disconnects. */
const CLIENT_GONE_CODES = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** Why a request body was closed before its end. */
export function failureOf({ errored: cause }: Readable): CgiError {
  if (cause === null || CLIENT_GONE_CODES.has(codeOf(cause)))
    return new CgiError('CGI_ERR_CLIENT_GONE')
  // The application has replaced the request's own stream by one that failed.
  return new CgiError('CGI_ERR_BODY_FAILED', { reason: String(cause), cause })
}

/** The error for a body that is larger than `bodyLimit`. */
export function tooLarge(limit: number): CgiError {
  return new CgiError('CGI_ERR_BODY_TOO_LARGE', { reason: `the limit is ${limit} bytes` })
}

/** The error for a body whose length is ambiguous, so that the next request cannot be found either. */
export function badFraming(reason: string): CgiError {
  return new CgiError('CGI_ERR_BAD_FRAMING', { reason, headers: { connection: 'close' } })
}
