import { CgiError } from '../data/cgi-error.js'
import { valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import { authorityOf, splitQuery, toOriginForm } from './url-path.js'

/** What a request asks for, taken from its request line and its Host (RFC 9112 section 3). */
export interface RequestTarget {
  /** The path, not decoded, the mount included: `/cgi-bin/a.cgi/b`. */
  readonly path: string
  /** The query as it was sent, without its `?`; empty where there is none. */
  readonly query: string
  /** Path and query of the request as the client sent it. */
  readonly uri: string
  /** Name of the host asked for, IPv6 in brackets; undefined where the client named none. */
  readonly hostname: string | undefined
}

/** RFC 3986 section 3.2.2 and 3.2.3: an IP literal or a registered name, and a port. */
const HOST =
  /^(\[[0-9A-Fa-f:.]+(?:%25[\w.~-]+)?\]|(?:[\w.~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+)(?::\d*)?$/

/**
 * Reads the target of a request. Null where it names no resource (`OPTIONS *`).
 *
 * @throws {CgiError} CGI_ERR_BAD_TARGET or CGI_ERR_BAD_HOST; each would let this gateway, a proxy and
 *   a script disagree about what is meant.
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
  // RFC 9112 section 3.2: a server MUST answer 400 to more than one Host, and to one that is invalid.
  if (fields.length > 1) {
    throw new CgiError('CGI_ERR_BAD_HOST', { reason: 'there is more than one Host field' })
  }
  const authority = authorityOf(request.originalUrl)
  // RFC 9110 section 4.2.1: an http URI without a host MUST be rejected.
  if (authority === '') {
    throw new CgiError('CGI_ERR_BAD_HOST', { reason: 'the request-target names no host' })
  }
  for (const host of [...fields, authority, request.host]) {
    if (host !== undefined && host !== '' && !HOST.test(host)) {
      throw new CgiError('CGI_ERR_BAD_HOST', { reason: `${JSON.stringify(host)} is not a host` })
    }
  }
  // Section 3.2.2: the authority of an absolute-form target goes before Host.
  const isForwarded = request.host !== undefined && request.host !== fields[0]
  const host = isForwarded ? request.host : (authority ?? request.host ?? fields[0])
  return host === undefined ? undefined : HOST.exec(host)?.[1]
}
