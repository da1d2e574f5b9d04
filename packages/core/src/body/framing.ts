import { CgiError } from '../data/cgi-error.js'
import { valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import { badFraming, tooLarge } from './body-failure.js'

/** How a request body is delimited (RFC 9112 section 6.3): a length in bytes, `chunked`, or no body. */
export type BodyFraming = number | 'chunked' | 'none'

/**
 * Reads how the body is delimited. Refuses framing that Node's parser accepts although RFC 9112 forbids it, or
 * that a script cannot be given.
 *
 * @throws {CgiError} CGI_ERR_BAD_FRAMING, CGI_ERR_NOT_IMPLEMENTED, CGI_ERR_BODY_TOO_LARGE
 */
export function readFraming(request: CgiRequest, bodyLimit: number): BodyFraming {
  const codings = valuesOf(request.headers, 'transfer-encoding')
  if (codings.length > 0) {
    // RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 means that the framing is faulty.
    if (request.httpVersion === '1.0')
      throw badFraming('HTTP/1.0 does not define Transfer-Encoding')
    if (codings.join(',').trim().toLowerCase() === 'chunked') return 'chunked'
    // The end of a body with another coding cannot be found.
    throw new CgiError('CGI_ERR_NOT_IMPLEMENTED', {
      reason: `Transfer-Encoding: ${codings.join(', ')}`,
      headers: { connection: 'close' },
    })
  }
  const lengths = new Set(valuesOf(request.headers, 'content-length'))
  if (lengths.size === 0) return request.body === null ? 'none' : 'chunked'
  const [length = ''] = lengths
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length))
    throw badFraming('Content-Length is not a single number')
  if (bodyLimit > 0 && Number(length) > bodyLimit) throw tooLarge(bodyLimit)
  return Number(length)
}
