import path from 'node:path'
import { findBadVariable } from '../data/bad-variable.js'
import { toByteString } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import { type HeaderField, isHopByHop, valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import type { CgiUser } from '../options/options.js'
import type { RequestTarget } from '../request/target.js'
import type { Script } from '../script/finder.js'
import type { Settings } from '../options/settings.js'
import { decodeEscapes, splitQuery } from '../request/url-path.js'
import { LONGEST_VARIABLE } from './variable-size.js'

/** All that the environment of a script is made of. */
export interface MetaVariablesInput {
  readonly request: CgiRequest
  readonly target: RequestTarget
  readonly script: Script
  /** Length of the request body; undefined where there is none, or none that is known. */
  readonly contentLength: number | undefined
  /** Who the client is, if somebody made sure. */
  readonly user: CgiUser | null | undefined
  /** Variables that win over all others. */
  readonly env: Readonly<Record<string, string>>
  readonly settings: Pick<
    Settings<never>,
    'documentRoot' | 'inherited' | 'passAuthorization' | 'underscoreHeaders'
  >
}

const SERVER_SOFTWARE = 'CommonGateway/0.1'

/**
 * Makes the environment of a script: RFC 3875 section 4.1, the request header as section 4.1.18 has
 * it, and what scripts have come to expect beyond. Pure. Of the same name, `env` wins over a
 * meta-variable, that over a header, that over what is inherited.
 *
 * @returns names to values; values are byte strings (one character for each byte).
 * @throws {CgiError} CGI_ERR_ENVIRONMENT where a name or value could not be in an environment;
 *   CGI_ERR_TARGET_TOO_LONG or CGI_ERR_FIELD_TOO_LARGE where it is too large for one.
 */
export function createMetaVariables(input: MetaVariablesInput): Record<string, string> {
  const { request, target, script, settings } = input
  const { scriptName, pathInfo } = script
  checkTarget(target)
  // No prototype: a header may be called `__proto__` once its `-` have become `_`.
  const variables: Record<string, string> = Object.create(null)
  assignByteStrings(variables, settings.inherited)
  assignProtocolVariables(variables, request.headers, settings)
  variables['GATEWAY_INTERFACE'] = 'CGI/1.1'
  variables['SERVER_SOFTWARE'] = SERVER_SOFTWARE
  variables['SERVER_PROTOCOL'] = `HTTP/${request.httpVersion}`
  variables['SERVER_NAME'] = target.hostname ?? hostOfAddress(request.serverAddress)
  variables['SERVER_PORT'] = String(request.serverPort)
  variables['SERVER_ADDR'] = plainAddress(request.serverAddress)
  variables['REMOTE_ADDR'] = plainAddress(request.remoteAddress)
  // Section 4.1.9: a server that looks up no names may substitute the address.
  variables['REMOTE_HOST'] = plainAddress(request.remoteAddress)
  variables['REMOTE_PORT'] = String(request.remotePort)
  variables['REQUEST_METHOD'] = request.method
  variables['REQUEST_SCHEME'] = request.scheme
  variables['REQUEST_URI'] = target.uri
  variables['QUERY_STRING'] = target.query
  variables['SCRIPT_NAME'] = toByteString(scriptName)
  variables['SCRIPT_FILENAME'] = toByteString(script.file)
  // php-cgi does not run without it: its proof that it was a server that called.
  variables['REDIRECT_STATUS'] = '200'
  if (request.scheme === 'https') variables['HTTPS'] = 'on'
  if (pathInfo !== '') variables['PATH_INFO'] = pathInfo
  if (settings.documentRoot !== undefined) {
    const documentRoot = toByteString(settings.documentRoot)
    variables['DOCUMENT_ROOT'] = documentRoot
    if (pathInfo !== '') variables['PATH_TRANSLATED'] = path.join(documentRoot, pathInfo)
  }
  if (input.contentLength !== undefined) variables['CONTENT_LENGTH'] = String(input.contentLength)
  const contentType = valuesOf(request.headers, 'content-type')
  if (contentType.length > 0) variables['CONTENT_TYPE'] = contentType.join(', ')
  if (input.user) {
    variables['REMOTE_USER'] = toByteString(input.user.user)
    if (input.user.type !== undefined) variables['AUTH_TYPE'] = toByteString(input.user.type)
  }
  if (request.localRedirects.from !== undefined) {
    const [redirectUrl, redirectQuery] = splitQuery(request.localRedirects.from)
    variables['REDIRECT_URL'] = redirectUrl
    variables['REDIRECT_QUERY_STRING'] = redirectQuery
  }
  assignByteStrings(variables, input.env)
  const fault = findBadVariable(variables)
  if (fault !== undefined) throw new CgiError('CGI_ERR_ENVIRONMENT', { reason: fault })
  return variables
}

/**
 * Command-line arguments of an indexed query (RFC 3875 section 4.4): its words, where it has no `=`
 * that is not encoded. Byte strings.
 */
export function createArguments(method: string, query: string): string[] {
  if (query === '' || query.includes('=') || (method !== 'GET' && method !== 'HEAD')) return []
  const words = query.split('+').map(decodeEscapes)
  // No argument can hold a NUL; section 4.4: if it cannot be done right, it is not done at all.
  return words.some((word) => word.includes('\0')) ? [] : words
}

/** Left out of HTTP_*: they have variables of their own, or are not for scripts. */
const NOT_HANDED_ON = new Set([
  'content-length',
  'content-type',
  // CVE-2016-5385, httpoxy: HTTP_PROXY configures the HTTP clients that a script uses.
  'proxy',
])
const CREDENTIALS = new Set(['authorization', 'proxy-authorization'])

function assignProtocolVariables(
  variables: Record<string, string>,
  fields: readonly HeaderField[],
  settings: MetaVariablesInput['settings'],
): void {
  const own: Record<string, string> = Object.create(null)
  const withUnderscore: HeaderField[] = []
  for (const field of fields) {
    const [name, value] = field
    if (/^[A-Za-z0-9-]+$/.test(name)) {
      if (isHandedOn(name.toLowerCase(), settings)) append(own, name, value)
    } else if (settings.underscoreHeaders === 'allow' && /^[A-Za-z0-9_-]+$/.test(name)) {
      withUnderscore.push(field)
    }
  }
  const withDash = withUnderscore.length === 0 ? NONE : new Set(Object.keys(own))
  for (const [name, value] of withUnderscore) {
    const isFree = isHandedOn(name.toLowerCase().replaceAll('_', '-'), settings)
    if (isFree && !withDash.has(variableOf(name))) append(own, name, value)
  }
  Object.assign(variables, own)
}

const NONE: ReadonlySet<string> = new Set()

/**
 * Not left out are fields that the request's Connection names. We are where the request ends, not on its
 * way, and a client could take away by it what a proxy has added (its address, its identity).
 */
function isHandedOn(name: string, settings: MetaVariablesInput['settings']): boolean {
  if (CREDENTIALS.has(name)) return settings.passAuthorization
  return !NOT_HANDED_ON.has(name) && !isHopByHop(name)
}

function variableOf(fieldName: string): string {
  return `HTTP_${fieldName.toUpperCase().replaceAll('-', '_')}`
}

function append(variables: Record<string, string>, name: string, value: string): void {
  const variable = variableOf(name)
  const before = variables[variable]
  // RFC 9113 section 8.2.3: Cookie is a list of its own kind.
  const separator = variable === 'HTTP_COOKIE' ? '; ' : ', '
  const all = before === undefined ? value : before + separator + value
  if (variable.length + all.length > LONGEST_VARIABLE) {
    throw new CgiError('CGI_ERR_FIELD_TOO_LARGE', { reason: `${name} has ${all.length} bytes` })
  }
  variables[variable] = all
}

function checkTarget({ uri, query }: RequestTarget): void {
  const length = Math.max(uri.length, query.length)
  if ('REQUEST_URI'.length + length <= LONGEST_VARIABLE) return
  throw new CgiError('CGI_ERR_TARGET_TOO_LONG', { reason: `it has ${length} bytes` })
}

function assignByteStrings(
  variables: Record<string, string>,
  values: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(values)) {
    const value: unknown = values[name]
    // What is no string is told of by its name, below.
    variables[toByteString(name)] =
      typeof value === 'string' ? toByteString(value) : (value as string)
  }
}

/** An IPv4 client of an IPv6 socket is an IPv4 client to scripts (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  if (!address.startsWith(':')) return address
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** A server on a socket of the file system has no address, but a name it must have. */
function hostOfAddress(address: string): string {
  const plain = plainAddress(address) || 'localhost'
  return plain.includes(':') ? `[${plain}]` : plain
}
