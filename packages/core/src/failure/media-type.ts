/** One range of an Accept field (RFC 9110 section 12.5.1), parameters other than `q` left out. */
interface MediaRange {
  readonly range: string
  readonly quality: number
}

/** How well an Accept field matches a type. */
interface Match {
  readonly quality: number
  /** 2 if the range names the type, 1 for `text/*`, 0 for any type. */
  readonly precision: number
  /** Index of the range in the field. */
  readonly place: number
}

/**
 * Returns the media type that a client prefers: the one with the highest quality. Among equals, a type that is
 * named goes before one that a wildcard matches, then the order of the field decides, then that of `types`.
 *
 * @param accept - the Accept field.
 * @param types - the available types. The first is the default for a client that accepts none of them.
 */
export function preferredType<Type extends string>(
  accept: string,
  types: readonly [Type, ...Type[]],
): Type {
  const ranges = accept.split(',').map(toMediaRange)
  let [preferred] = types
  let best: Match = { quality: 0, precision: -1, place: 0 }
  for (const type of types) {
    const match = matchOf(type, ranges)
    if (match === undefined || !isBetter(match, best)) continue
    preferred = type
    best = match
  }
  return preferred
}

function toMediaRange(text: string): MediaRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const weight = parameters.find((parameter) => parameter.startsWith('q='))
  const quality = weight === undefined ? 1 : Number.parseFloat(weight.slice(2))
  return { range, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** The most precise range that matches a type decides (RFC 9110 section 12.5.1). */
function matchOf(type: string, ranges: readonly MediaRange[]): Match | undefined {
  const [group] = type.split('/')
  // A client that accepts `application/problem+json` reads JSON.
  const suffix = `+${type.slice(type.indexOf('/') + 1)}`
  const precisionOf = (range: string): number => {
    if (range === type || range.endsWith(suffix)) return 2
    return range === `${group}/*` ? 1 : range === '*/*' ? 0 : -1
  }
  let found: Match | undefined
  for (const [place, { range, quality }] of ranges.entries()) {
    const precision = precisionOf(range)
    if (precision > (found?.precision ?? -1)) found = { quality, precision, place }
  }
  return found
}

function isBetter(match: Match, best: Match): boolean {
  if (match.quality !== best.quality) return match.quality > best.quality
  if (match.quality === 0 || match.precision < best.precision) return false
  return match.precision > best.precision || match.place < best.place
}
