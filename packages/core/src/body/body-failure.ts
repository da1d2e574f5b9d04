import type { Readable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'

/** What a request of Node's fails with where its client leaves, and streams that it is piped to. */
const BY_CLIENT = new Set<unknown>(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE', 'ABORT_ERR'])

/** Why a request body has no proper end. */
export function failureOf({ errored: cause }: Readable): CgiError {
  const code = cause !== null && 'code' in cause ? cause.code : undefined
  if (cause === null || BY_CLIENT.has(code)) return new CgiError('CGI_ERR_CLIENT_GONE')
  // A stream that the application has put in the place of the request's own.
  return new CgiError('CGI_ERR_BODY_FAILED', { reason: String(cause), cause })
}

/** A body that is larger than `bodyLimit`. */
export function tooLarge(limit: number): CgiError {
  return new CgiError('CGI_ERR_BODY_TOO_LARGE', { reason: `the limit is ${limit} bytes` })
}

/** A body whose end is not clear, nor where the next request begins. */
export function badFraming(reason: string): CgiError {
  return new CgiError('CGI_ERR_BAD_FRAMING', { reason, headers: { connection: 'close' } })
}
