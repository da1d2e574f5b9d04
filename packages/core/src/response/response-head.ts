import { STATUS_CODES } from 'node:http'
import { CgiError } from '../data/cgi-error.js'
import { type HeaderField, isHopByHop, valuesOf } from '../data/header-fields.js'
import type { ScriptHeader } from './header-parser.js'
import type { LocalRedirect } from '../data/message.js'

/** The head of the HTTP response that a script's header describes. */
export interface ResponseHead {
  readonly type: 'response'
  /** 200 to 599. */
  readonly status: number
  /** The reason phrase. */
  readonly reason: string
  /** Fields for the client. */
  readonly headers: readonly HeaderField[]
  /** The script's Content-Length; undefined without one. */
  readonly contentLength: number | undefined
  readonly hasContentType: boolean
  /** Whether content may follow this status. */
  readonly hasBody: boolean
}

/** RFC 3875 section 6.2.2, local-pathquery: no fragment, and only characters of a URL. */
const LOCAL_PATH_QUERY = /^\/[\x21\x22\x24-\x7e]*$/

/** Fields that the gateway itself reads, and that mean nothing without a value. */
const UNSENT_IF_EMPTY = new Set(['content-length', 'content-type', 'location'])

/** Status codes whose responses have no content: RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5. */
const NO_CONTENT = new Set([204, 205, 304])

/**
 * Reads a script's header as the response it describes (RFC 3875 section 6.2): a document, a redirect
 * of the client, or a local redirect. Pure.
 *
 * @throws {CgiError} CGI_ERR_BAD_HEADER, CGI_ERR_NO_RESPONSE
 */
export function toResponse(header: ScriptHeader): ResponseHead | LocalRedirect {
  // Section 6.3: a field without a value counts as not sent. A Status without a code is an error instead,
  // since its meaning is unknown.
  const fields = header.fields.filter(
    ([name, value]) => value !== '' || !UNSENT_IF_EMPTY.has(name.toLowerCase()),
  )
  if (fields.length === 0 && header.statusLine === undefined) {
    throw new CgiError('CGI_ERR_NO_RESPONSE', {
      reason: 'the header is empty',
      fault: 'empty-header',
    })
  }
  const given = readStatus(fields, header.statusLine)
  const location = single(fields, 'location')

  // Only as the sole field: scripts that add another mean the client (openwrt/luci issue 922).
  if (location !== undefined && given === undefined && fields.length === 1) {
    if (LOCAL_PATH_QUERY.test(location)) return { type: 'local-redirect', location }
  }
  // Section 6.2.3: a Location without a Status is a redirect.
  const status = given?.status ?? (location === undefined ? 200 : 302)
  const contentLength = readContentLength(fields)
  const hasBody = !NO_CONTENT.has(status)
  return {
    type: 'response',
    status,
    reason: given?.reason ?? standardReason(status),
    headers: forwarded(fields, hasBody || status === 304),
    contentLength,
    hasContentType: valuesOf(fields, 'content-type').length > 0,
    hasBody,
  }
}

/** The reason phrase that HTTP defines for a status code; empty if it defines none. */
export function standardReason(status: number): string {
  return STATUS_CODES[status] ?? ''
}

interface Status {
  readonly status: number
  readonly reason: string
}

function readStatus(
  fields: readonly HeaderField[],
  statusLine: string | undefined,
): Status | undefined {
  const lines = valuesOf(fields, 'status')
  if (statusLine !== undefined) lines.unshift(statusLine)
  let status: Status | undefined
  for (const line of lines) {
    const next = parseStatus(line)
    if (status !== undefined && (status.status !== next.status || status.reason !== next.reason)) {
      throw badHeader('the header has two different Status values', 'bad-status')
    }
    status = next
  }
  return status
}

function parseStatus(line: string): Status {
  const [, digits, reason] = /^(\d{3})(?:[ \t]+(.*))?$/.exec(line) ?? []
  const status = Number(digits)
  if (digits === undefined || status < 200 || status > 599) {
    const shown = JSON.stringify(line)
    throw badHeader(`Status is not a code from 200 to 599: ${shown}`, 'bad-status')
  }
  return { status, reason: reason || standardReason(status) }
}

function readContentLength(fields: readonly HeaderField[]): number | undefined {
  const value = single(fields, 'content-length')
  if (value === undefined) return undefined
  if (!/^\d{1,15}$/.test(value)) throw badHeader('Content-Length is not a number')
  return Number(value)
}

/** The value of a field that may be sent once; the same value twice is accepted. */
function single(fields: readonly HeaderField[], lowerCaseName: string): string | undefined {
  const [value, ...others] = valuesOf(fields, lowerCaseName)
  if (others.some((other) => other !== value)) {
    throw badHeader(`the header has two different ${lowerCaseName} fields`)
  }
  return value
}

/**
 * Status is a field of CGI (RFC 3875 section 6.3.3). Expect is a request field (RFC 9110 section 10.1.1): if a
 * response has one, Node sends the header at once, and encodes its bytes a second time.
 */
const NOT_FORWARDED = new Set(['expect', 'status'])

/** Fields of a response that are not lists, and so may be sent once (RFC 9110 section 5.3). */
const SINGLE = new Set([
  'age',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'retry-after',
  'server',
])

function forwarded(fields: readonly HeaderField[], keepsLength: boolean): HeaderField[] {
  // A field that Connection names belongs to the connection too (RFC 9110 section 7.6.1).
  const dropped = new Set(
    valuesOf(fields, 'connection').flatMap((value) =>
      value.split(',').map((name) => name.trim().toLowerCase()),
    ),
  )
  if (!keepsLength) dropped.add('content-length')
  /** The last of the fields that may be sent once counts, as in Apache and in browsers. */
  const last = new Map<string, HeaderField>()
  for (const field of fields) {
    const lowerCase = field[0].toLowerCase()
    if (SINGLE.has(lowerCase)) last.set(lowerCase, field)
  }
  return fields.filter((field) => {
    const lowerCase = field[0].toLowerCase()
    if (NOT_FORWARDED.has(lowerCase) || isHopByHop(lowerCase)) return false
    return !dropped.has(lowerCase) && (last.get(lowerCase) ?? field) === field
  })
}

function badHeader(reason: string, fault?: string): CgiError {
  return new CgiError('CGI_ERR_BAD_HEADER', { reason, fault })
}
