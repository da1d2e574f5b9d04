/** What the members of a list are: case-insensitive names, or whole values. */
type Members = 'names' | 'values'

/**
 * Fields that are lists (RFC 9110 section 5.6.1) of independent members, to which both the application and a script
 * may add. Lists that describe one choice, such as `Allow` and `Cache-Control`, are not here: that choice is the
 * script's.
 */
const LISTS: ReadonlyMap<string, Members> = new Map<string, Members>([
  // RFC 9110 section 12.5.5: a cache must look at every field that anything depended on.
  ['vary', 'names'],
  // Fetch standard, CORS protocol: what scripts of other origins may read.
  ['access-control-expose-headers', 'names'],
  // RFC 8942 section 3.1: hints that the server wants.
  ['accept-ch', 'names'],
  // RFC 8288 section 3.
  ['link', 'values'],
  // Server Timing and Resource Timing of the W3C: one metric, one origin each.
  ['server-timing', 'values'],
  ['timing-allow-origin', 'values'],
  // Clear Site Data of the W3C: one kind of data each.
  ['clear-site-data', 'values'],
])

/** Whether the field with this lower-case name is a list of independent members. */
export function isList(lowerCaseName: string): boolean {
  return LISTS.has(lowerCaseName)
}

/**
 * The union of a list that the application has set and one that a script has set, each member once. Null if the
 * application has set none, or if the field is not a list.
 */
export function uniteLists(
  lowerCaseName: string,
  ofApplication: number | string | readonly string[] | undefined,
  ofScript: readonly string[],
): string | null {
  const members = LISTS.get(lowerCaseName)
  const known = [ofApplication ?? []].flat().map(String)
  if (members === undefined || known.length === 0) return null
  return members === 'names'
    ? uniteNames(lowerCaseName, known, ofScript)
    : uniteValues(known, ofScript)
}

function uniteNames(field: string, known: readonly string[], more: readonly string[]): string {
  const names = new Map<string, string>()
  for (const name of [...known, ...more].flatMap((value) => value.split(','))) {
    const key = name.trim().toLowerCase()
    if (key !== '' && !names.has(key)) names.set(key, name.trim())
  }
  // RFC 9110 section 12.5.5: `*` stands for everything.
  return field === 'vary' && names.has('*') ? '*' : [...names.values()].join(', ')
}

/** A value may contain commas, so values are not split. */
function uniteValues(known: readonly string[], more: readonly string[]): string {
  const isNew = (value: string): boolean =>
    !known.some((old) => `, ${old}, `.includes(`, ${value}, `))
  return [...new Set([...known, ...more.filter(isNew)])].filter((value) => value !== '').join(', ')
}
