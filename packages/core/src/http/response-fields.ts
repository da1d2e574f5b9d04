import type { CgiResponse } from '../data/message.js'
import { isList, uniteLists } from './field-lists.js'

/** Where the fields of a response are set; a ServerResponse is one. Names are in lower case. */
export interface FieldTarget {
  /** The value, or the values, of a field that the application has set. */
  getHeader(name: string): number | string | readonly string[] | undefined
  /** Sets a field in the place of the application's. */
  setHeader(name: string, value: string | readonly string[]): unknown
}

/** A field that is a list, with the values that the script has given it. */
type ListField = readonly [name: string, values: readonly string[]]

/**
 * Sets the fields of a script's response: cookies are added to those of the application, lists are united with
 * its lists, all others take the place of its fields.
 *
 * @returns the script's lists, if there are any, for {@link uniteAgain}.
 */
export function setFields(
  fields: CgiResponse['headers'],
  httpVersionMajor: number,
  target: FieldTarget,
): readonly ListField[] | undefined {
  let lists: ListField[] | undefined
  for (const [name, values] of groupByName(fields, httpVersionMajor)) {
    if (name === 'set-cookie') {
      // Not appendHeader(): it adds to the very array that the application has set, for all its clients.
      target.setHeader(name, [target.getHeader(name) ?? [], values].flat().map(String))
      continue
    }
    let united: string | null = null
    if (isList(name)) {
      lists ??= []
      lists.push([name, values])
      united = uniteLists(name, target.getHeader(name), values)
    }
    target.setHeader(name, united ?? (values.length === 1 ? (values[0] ?? '') : values))
  }
  return lists
}

/** Unites lists with fields that the application has set since. */
export function uniteAgain(lists: readonly ListField[], target: FieldTarget): void {
  for (const [name, values] of lists) {
    const united = uniteLists(name, target.getHeader(name), values)
    if (united !== null) target.setHeader(name, united)
  }
}

/** Fields that describe the content of a response, or tell how long it may be kept. */
const CONTENT_FIELDS = [
  'accept-ranges',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-range',
  'content-type',
  'etag',
  'expires',
  'last-modified',
]

/** Takes away the fields of a response whose content is not sent. */
export function removeContentFields(target: { removeHeader(name: string): unknown }): void {
  for (const name of CONTENT_FIELDS) target.removeHeader(name)
}

/**
 * Each name, in lower case, with all its values, in the order of their first appearance; but Content-Length is
 * last. For HTTP/2, the values of one name are one list, since Node takes some names only once there; it means
 * the same (RFC 9110 section 5.3), except for Set-Cookie.
 */
export function groupByName(
  fields: CgiResponse['headers'],
  httpVersionMajor: number,
): Map<string, string[]> {
  const groups = new Map<string, string[]>()
  for (const [name, value] of fields) {
    const lowerCase = name.toLowerCase()
    const group = groups.get(lowerCase)
    if (group === undefined) groups.set(lowerCase, [value])
    else group.push(value)
  }
  // After a Content-Length, Node reads the bytes of a Content-Disposition as UTF-8.
  const length = groups.get('content-length')
  if (length !== undefined && groups.delete('content-length')) groups.set('content-length', length)
  if (httpVersionMajor < 2) return groups
  for (const [name, values] of groups) {
    // An empty value would end the list in a blank, which HTTP/2 refuses.
    if (name !== 'set-cookie') groups.set(name, [values.filter((value) => value !== '').join(', ')])
  }
  return groups
}
