import { CgiError } from '../data/cgi-error.js'
import { valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import { authorityOf, splitQuery, toOriginForm } from './url-path.js'

/** The target of a request, from its request line and its Host field (RFC 9112 section 3). */
export interface RequestTarget {
  /** The path with the mount, not decoded: `/cgi-bin/a.cgi/b`. */
  readonly path: string
  /** The query as sent, without its `?`; empty if there is none. */
  readonly query: string
  /** Path and query of the request as the client sent it. */
  readonly uri: string
  /** The host name, IPv6 in brackets; undefined if the client sent none. */
  readonly hostname: string | undefined
}

/** RFC 3986 section 3.2.2 and 3.2.3: an IP literal or a registered name, and a port. */
const HOST =
  /^(\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?$/

/**
 * Reads the target of a request. Null if it names no resource (`OPTIONS *`).
 *
 * @throws {CgiError} CGI_ERR_BAD_TARGET or CGI_ERR_BAD_HOST, where this gateway, a proxy and a script could
 *   disagree about the target.
 */
export function parseRequestTarget(request: CgiRequest): RequestTarget | null {
  if (request.url === '*') return null
  if (!request.url.startsWith('/') || request.url.includes('#')) {
    throw new CgiError('CGI_ERR_BAD_TARGET', { reason: 'the request-target is not a path' })
  }
  const [path, query] = splitQuery(request.url)
  return {
    path,
    query,
    uri: toOriginForm(request.originalUrl),
    hostname: findHostname(request),
  }
}

function findHostname(request: CgiRequest): string | undefined {
  const fields = valuesOf(request.headers, 'host')
  // RFC 9112 section 3.2: a server MUST respond with 400 to more than one Host, and to an invalid one.
  if (fields.length > 1) {
    throw new CgiError('CGI_ERR_BAD_HOST', { reason: 'there is more than one Host field' })
  }
  const authority = authorityOf(request.originalUrl)
  // RFC 9110 section 4.2.1: an http URI without a host MUST be rejected.
  if (authority === '') {
    throw new CgiError('CGI_ERR_BAD_HOST', { reason: 'the request-target has no host' })
  }
  for (const host of [...fields, authority, request.host]) {
    if (host !== undefined && host !== '' && !HOST.test(host)) {
      throw new CgiError('CGI_ERR_BAD_HOST', { reason: `${JSON.stringify(host)} is not a host` })
    }
  }
  // Section 3.2.2: the authority of an absolute-form target replaces Host.
  const isForwarded = request.host !== undefined && request.host !== fields[0]
  const host = isForwarded ? request.host : (authority ?? request.host ?? fields[0])
  return host === undefined ? undefined : HOST.exec(host)?.[1]
}
