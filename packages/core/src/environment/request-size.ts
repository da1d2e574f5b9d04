import { CgiError } from '../data/cgi-error.js'
import { type HeaderField, valuesOf } from '../data/header-fields.js'
import type { CgiRequest } from '../data/message.js'
import type { Settings } from '../options/settings.js'
import type { RequestTarget } from '../request/target.js'
import { createFieldVariables, type FieldSettings } from './field-variables.js'
import { largestEnvironment, LONGEST_VARIABLE, sizeOf } from './variable-size.js'

/** The settings on which the size of an environment depends. */
export type SizeSettings = FieldSettings & Pick<Settings<never>, 'transport'>

/**
 * Refuses a request that no script can be given, before its body is received and a slot is taken for it. What is
 * close to a limit passes: the system decides, and {@link toSizeError} explains it.
 *
 * @throws {CgiError} CGI_ERR_TARGET_TOO_LONG, CGI_ERR_FIELD_TOO_LARGE
 */
export function checkRequestSize(
  { headers }: Pick<CgiRequest, 'headers'>,
  target: RequestTarget,
  settings: SizeSettings,
): void {
  checkTarget(target)
  if (upperBoundOf(headers) <= LONGEST_VARIABLE) return
  const variables = createFieldVariables(headers, settings)
  const type = valuesOf(headers, 'content-type').join(', ')
  if ('CONTENT_TYPE'.length + type.length > LONGEST_VARIABLE) {
    throw tooLarge(`Content-Type has ${type.length} bytes`)
  }
  // The limit for all of them is one of the programs that this system starts.
  if (settings.transport !== undefined) return
  let size = sizeOf('CONTENT_TYPE', type)
  for (const name of Object.keys(variables)) size += sizeOf(name, variables[name] ?? '')
  if (size > largestEnvironment()) throw tooLarge(`the variables of all fields have ${size} bytes`)
}

/** No variable of these fields is longer. */
function upperBoundOf(fields: readonly HeaderField[]): number {
  let size = 0
  for (const [name, value] of fields) size += 'HTTP_, '.length + name.length + value.length
  return size
}

function tooLarge(reason: string): CgiError {
  return new CgiError('CGI_ERR_FIELD_TOO_LARGE', { reason })
}

/** @throws {CgiError} CGI_ERR_TARGET_TOO_LONG */
export function checkTarget({ uri, query }: RequestTarget): void {
  const length = Math.max(uri.length, query.length)
  if ('REQUEST_URI'.length + length <= LONGEST_VARIABLE) return
  throw new CgiError('CGI_ERR_TARGET_TOO_LONG', { reason: `the target has ${length} bytes` })
}
