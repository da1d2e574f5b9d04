import { CgiError, type LocalRedirect } from '@common-gateway/core'
import { toOriginForm } from '@common-gateway/core/adapter'
import { createHeaderParser, type ResponseHead, toResponse } from '@common-gateway/core/steps'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { validateHeaderName, validateHeaderValue } from 'node:http'
import { parseRequestTarget } from '@internal/core/request/target.js'
import { createRequest } from '../core/requests.js'
import { readableOutput, scriptOutput } from './header-block.js'
import { createProperty } from './property.js'
import { mutated } from './text.js'

/** What the gateway makes of the output of a script; null where that is an error, as it may be. */
export function respond(output: string): ResponseHead | LocalRedirect | null {
  try {
    const parser = createHeaderParser({ maxHeaderSize: 64 * 1024 })
    const header = parser.push(Buffer.from(output, 'latin1'))
    return header === null ? null : toResponse(header)
  } catch (error) {
    // Nothing else may come of whatever a script prints.
    if (error instanceof CgiError && error.statusCode === 502) return null
    throw error
  }
}

/** What may come of a script, as a byte string. */
export const output = fc.oneof(scriptOutput, readableOutput)

/** RFC 9110 section 7.6.1, RFC 9113 section 8.2.2, and what is CGI's own: RFC 3875 section 6.3.3. */
const NOT_FOR_CLIENTS =
  /^(?:connection|http2-settings|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade|status)$/i

/** A path, and more often than not one that a redirect may not have. */
export const location = mutated(
  fc
    .array(
      fc.constantFrom('/', '//', '.', '..', 'a', '%', '%2f', '%00', '?', 'b=c', '#', '[', ':', '@'),
      { maxLength: 8 },
    )
    .map((parts) => `/${parts.join('')}`),
)

export const responseProperties = [
  createProperty('HDR-3 node:http takes every header that a response is given', output, (given) => {
    const head = respond(given)
    if (head?.type !== 'response') return
    assert.ok(Number.isInteger(head.status) && head.status >= 200 && head.status <= 599)
    // What a status line may hold: RFC 9112 section 4.
    assert.match(head.reason, /^[\t\x20-\x7e\x80-\xff]*$/)
    for (const [name, value] of head.headers) {
      validateHeaderName(name)
      validateHeaderValue(name, value)
      assert.doesNotMatch(name, NOT_FOR_CLIENTS)
      // Blanks around a value are no part of it: RFC 9110 section 5.5.
      assert.doesNotMatch(value, /^[\t ]|[\t ]$/)
    }
    const lengths = head.headers.filter(([name]) => /^content-length$/i.test(name))
    assert.ok(lengths.length <= 1, 'there is more than one Content-Length')
    for (const [, length] of lengths) assert.equal(Number(length), head.contentLength)
  }),
  createProperty('RES-2 a local redirect is a path that can be processed', location, (given) => {
    const head = respond(`Location: ${given}\n\n`)
    if (head?.type !== 'local-redirect') return
    assert.match(head.location, /^\/[\x21-\x7e]*$/)
    assert.equal(toOriginForm(head.location), head.location)
    const target = parseRequestTarget(createRequest({ url: head.location }))
    assert.ok(target !== null && head.location.startsWith(target.path))
  }),
]
