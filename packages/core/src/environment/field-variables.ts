import { CgiError } from '../data/cgi-error.js'
import { type HeaderField, isHopByHop } from '../data/header-fields.js'
import type { Settings } from '../options/settings.js'
import { LONGEST_VARIABLE } from './variable-size.js'

/** The settings of header fields. */
export type FieldSettings = Pick<Settings<never>, 'passAuthorization' | 'underscoreHeaders'>

/** The variable of a field that scripts may get. */
interface FieldVariable {
  readonly name: string
  /** Whether `passAuthorization` decides. */
  readonly isCredential: boolean
  /** Whether `underscoreHeaders` decides. */
  readonly hasUnderscore: boolean
}

/** Not passed as HTTP_*: they have their own variables, or are not for scripts. */
const NOT_FORWARDED = new Set([
  'content-length',
  'content-type',
  // CVE-2016-5385, httpoxy: HTTP_PROXY configures the HTTP clients that a script uses.
  'proxy',
])
const CREDENTIALS = new Set(['authorization', 'proxy-authorization'])

/**
 * Creates the variables of the header fields (RFC 3875 section 4.1.18): upper case, `_` for `-`, fields of the same
 * name joined. The record has no prototype.
 *
 * @throws {CgiError} CGI_ERR_FIELD_TOO_LARGE
 */
export function createFieldVariables(
  fields: readonly HeaderField[],
  settings: FieldSettings,
): Record<string, string> {
  // Without a prototype: the name of a header field may become `__proto__`.
  const variables: Record<string, string> = Object.create(null)
  const withUnderscore: HeaderField[] = []
  for (const field of fields) {
    const variable = variableOf(field[0])
    if (variable === null || (variable.isCredential && !settings.passAuthorization)) continue
    if (!variable.hasUnderscore) append(variables, variable.name, field)
    else if (settings.underscoreHeaders === 'allow') withUnderscore.push(field)
  }
  const withDash = withUnderscore.length === 0 ? NONE : new Set(Object.keys(variables))
  for (const field of withUnderscore) {
    const name = nameOf(field[0])
    if (!withDash.has(name)) append(variables, name, field)
  }
  return variables
}

const NONE: ReadonlySet<string> = new Set()

/**
 * The variables of field names as they were sent; null for a field that scripts do not get. Requests repeat the same
 * few names, and to derive a variable takes ten times as long as to find it here.
 */
const known = new Map<string, FieldVariable | null>()
/** How many names are kept, since clients make names up. */
const MOST_KNOWN = 1_000
/** A longer name is not kept, in characters. */
const LONGEST_KNOWN = 64

function variableOf(fieldName: string): FieldVariable | null {
  const before = known.get(fieldName)
  if (before !== undefined) return before
  const variable = createVariable(fieldName)
  if (fieldName.length > LONGEST_KNOWN) return variable
  if (known.size >= MOST_KNOWN) known.clear()
  known.set(fieldName, variable)
  return variable
}

/**
 * Fields named by Connection are passed to scripts: the gateway is the recipient of the request and no intermediary,
 * and a client could otherwise remove fields that a proxy has added (its address, its identity).
 */
function createVariable(fieldName: string): FieldVariable | null {
  if (!/^[A-Za-z0-9_-]+$/.test(fieldName)) return null
  const withDash = fieldName.toLowerCase().replaceAll('_', '-')
  if (NOT_FORWARDED.has(withDash) || isHopByHop(withDash)) return null
  return {
    name: nameOf(fieldName),
    isCredential: CREDENTIALS.has(withDash),
    hasUnderscore: fieldName.includes('_'),
  }
}

function nameOf(fieldName: string): string {
  return `HTTP_${fieldName.toUpperCase().replaceAll('-', '_')}`
}

function append(
  variables: Record<string, string>,
  variable: string,
  [name, value]: HeaderField,
): void {
  const before = variables[variable]
  // RFC 9113 section 8.2.3: Cookie fields are joined by a semicolon.
  const separator = variable === 'HTTP_COOKIE' ? '; ' : ', '
  const all = before === undefined ? value : before + separator + value
  if (variable.length + all.length > LONGEST_VARIABLE) {
    throw new CgiError('CGI_ERR_FIELD_TOO_LARGE', { reason: `${name} has ${all.length} bytes` })
  }
  variables[variable] = all
}
