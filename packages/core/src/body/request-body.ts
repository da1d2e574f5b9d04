import { CgiError } from '../data/cgi-error.js'
import type { CgiRequest } from '../data/message.js'
import type { RequestBody } from '../transport/transport.js'
import { isFile } from './content.js'
import type { BodyFraming } from './framing.js'
import { type BodySettings, spool } from './spool.js'

const CONSUMED =
  'a body parser, a middleware or a hook (preParsing) consumed it without replacing the stream'

/** Whether a body is received as a whole before its script starts. */
export function isSpooled(
  { body }: Pick<CgiRequest, 'body'>,
  framing: BodyFraming,
  { chunkedBody }: BodySettings,
): boolean {
  return framing === 'chunked' && body !== null && chunkedBody === 'spool'
}

/**
 * Opens the request body for a script. A body of unknown length is received first, unless `chunkedBody` is
 * `'stream'`, since CONTENT_LENGTH must be its length (RFC 3875 section 4.1.2).
 *
 * @throws {CgiError} CGI_ERR_BODY_CONSUMED, _TOO_LARGE, _STALLED, _FAILED, CGI_ERR_SPOOL, CGI_ERR_CLIENT_GONE
 */
export async function openRequestBody(
  request: Pick<CgiRequest, 'body' | 'signal'>,
  framing: BodyFraming,
  settings: BodySettings,
): Promise<RequestBody> {
  const source = request.body
  if (framing === 'none' || source === null) return { length: undefined, content: null }
  if (framing === 0) return { length: 0, content: null }
  if (source.readableDidRead || source.readableEncoding !== null) {
    throw new CgiError('CGI_ERR_BODY_CONSUMED', { reason: CONSUMED })
  }
  if (framing !== 'chunked') return { length: framing, content: source }
  if (settings.chunkedBody === 'stream') return { length: undefined, content: source }
  return spool(source, settings, request.signal)
}

/** Closes the file of a request body, if it has one. Never rejects. */
export async function closeRequestBody(body: RequestBody): Promise<void> {
  if (isFile(body.content)) await body.content.close().catch(() => {})
}
