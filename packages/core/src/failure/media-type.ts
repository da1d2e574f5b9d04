/** One range of an Accept field (RFC 9110 section 12.5.1), parameters other than `q` left out. */
interface MediaRange {
  readonly range: string
  readonly quality: number
}

/** How well a type is accepted. */
interface Match {
  readonly quality: number
  /** 2 where the range names the very type, 1 for `text/*`, 0 for any type. */
  readonly precision: number
  /** Place of the range in the field. */
  readonly place: number
}

/**
 * The media type that a client prefers: by the quality it gives; among equals one that it names comes
 * before one that a wildcard lets in, what it names first before the rest, and in the end the order
 * of `types`.
 *
 * @param accept - the Accept field.
 * @param types - what there is, the default first: it is also what those get who accept none of them.
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
  const [range = '', ...parameters] = text.split(';').map((each) => each.trim().toLowerCase())
  const weight = parameters.find((each) => each.startsWith('q='))
  const quality = weight === undefined ? 1 : Number.parseFloat(weight.slice(2))
  return { range, quality: quality >= 0 && quality <= 1 ? quality : 0 }
}

/** The range that says most about a type decides, whatever less precise ones say. */
function matchOf(type: string, ranges: readonly MediaRange[]): Match | undefined {
  const [group] = type.split('/')
  // `application/problem+json` and its like are JSON to whoever reads it.
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
