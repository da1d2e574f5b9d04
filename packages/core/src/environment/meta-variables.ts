import path from 'node:path'
import { findBadVariable } from '../data/bad-variable.js'
import { toByteString } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import { valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import type { CgiUser } from '../options/options.js'
import type { RequestTarget } from '../request/target.js'
import type { Script } from '../script/finder.js'
import type { Settings } from '../options/settings.js'
import { decodeEscapes, splitQuery } from '../request/url-path.js'
import { createFieldVariables, type FieldSettings } from './field-variables.js'
import { checkTarget } from './request-size.js'

/** The input of {@link createMetaVariables}. */
export interface MetaVariablesInput {
  readonly request: CgiRequest
  readonly target: RequestTarget
  readonly script: Script
  /** Length of the request body in bytes; undefined without a body, or where the length is unknown. */
  readonly contentLength: number | undefined
  /** The authenticated user, if any. */
  readonly user: CgiUser | null | undefined
  /** Variables that override all others. */
  readonly env: Readonly<Record<string, string>>
  readonly settings: Pick<Settings<never>, 'documentRoot' | 'inherited'> &
    Partial<Pick<Settings<never>, 'transport'>> &
    FieldSettings
}

const SERVER_SOFTWARE = 'CommonGateway/0.1'

/**
 * Creates the environment of a script: the meta-variables of RFC 3875 section 4.1, the header fields of the
 * request as section 4.1.18 defines them, and variables that other servers set and scripts expect. Pure. Of
 * variables with the same name, `env` overrides meta-variables, these override header fields, and these override
 * inherited variables. The transport of the script has the last word:
 * `mapEnvironment()`.
 *
 * @returns the values by name; values are byte strings (one character for each byte).
 * @throws {CgiError} CGI_ERR_ENVIRONMENT for a name or value that no environment can hold;
 *   CGI_ERR_TARGET_TOO_LONG or CGI_ERR_FIELD_TOO_LARGE for one that is too large.
 */
export function createMetaVariables(input: MetaVariablesInput): Readonly<Record<string, string>> {
  const { request, target, script, settings } = input
  const { scriptName, pathInfo } = script
  const transport = script.transport ?? settings.transport
  checkTarget(target)
  const variables = createFieldVariables(request.headers, settings)
  if (transport?.inheritsEnvironment !== false) {
    inheritVariables(variables, settings.inherited)
  }
  variables['GATEWAY_INTERFACE'] = 'CGI/1.1'
  variables['SERVER_SOFTWARE'] = SERVER_SOFTWARE
  variables['SERVER_PROTOCOL'] = `HTTP/${request.httpVersion}`
  variables['SERVER_NAME'] = target.hostname ?? hostOfAddress(request.serverAddress)
  variables['SERVER_PORT'] = String(request.serverPort)
  variables['SERVER_ADDR'] = plainAddress(request.serverAddress)
  variables['REMOTE_ADDR'] = plainAddress(request.remoteAddress)
  // Section 4.1.9: a server that does not look up host names may use the address.
  variables['REMOTE_HOST'] = plainAddress(request.remoteAddress)
  variables['REMOTE_PORT'] = String(request.remotePort)
  variables['REQUEST_METHOD'] = request.method
  variables['REQUEST_SCHEME'] = request.scheme
  variables['REQUEST_URI'] = target.uri
  variables['QUERY_STRING'] = target.query
  variables['SCRIPT_NAME'] = toByteString(scriptName)
  variables['SCRIPT_FILENAME'] = toByteString(script.file)
  // php-cgi refuses to run without it (cgi.force_redirect).
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
  return transport?.mapEnvironment?.(variables) ?? variables
}

/**
 * The command-line arguments of an indexed query (RFC 3875 section 4.4), one for each word; none if the query has
 * an unencoded `=`. Byte strings.
 */
export function createArguments(method: string, query: string): string[] {
  if (query === '' || query.includes('=') || (method !== 'GET' && method !== 'HEAD')) return []
  const words = query.split('+').map(decodeEscapes)
  // No argument can hold a NUL. Section 4.4: a server that cannot pass all words passes none.
  return words.some((word) => word.includes('\0')) ? [] : words
}

/** Adds the variables that are not there. */
function inheritVariables(
  variables: Record<string, string>,
  inherited: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(inherited)) {
    variables[toByteString(name)] ??= toByteString(inherited[name] ?? '')
  }
}

function assignByteStrings(
  variables: Record<string, string>,
  values: Readonly<Record<string, string>>,
): void {
  for (const name of Object.keys(values)) {
    const value: unknown = values[name]
    // findBadVariable reports a value that is not a string by its name.
    variables[toByteString(name)] =
      typeof value === 'string' ? toByteString(value) : (value as string)
  }
}

/** Removes the prefix of an IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2). */
function plainAddress(address: string): string {
  if (!address.startsWith(':')) return address
  return address.replace(/^::ffff:(?=\d+\.)/i, '')
}

/** SERVER_NAME where the client named no host. A server on a Unix socket has no address, but needs a name. */
function hostOfAddress(address: string): string {
  const plain = plainAddress(address) || 'localhost'
  return plain.includes(':') ? `[${plain}]` : plain
}
