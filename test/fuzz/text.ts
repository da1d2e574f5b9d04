import fc from 'fast-check'

/** One byte, as a character. */
const byte = fc.nat({ max: 255 }).map((code) => String.fromCharCode(code))

/** Any bytes. */
export const byteString = (maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: byte, maxLength })

/** Bytes that have fooled readers of HTTP and of paths, and those around which their rules turn. */
const SHARP = [
  ...'\0\x01\t\n\r\x1b !"#%&+,-./:;=?@\\_\x7f\x80\x85\xa0\xc0\xe2\xed\xff0aA'.split(''),
  '\r\n',
  '\n\n',
  '\r\n\r\n',
]
const sharpByte = fc.constantFrom(...SHARP)

/** A change at a place, which is a part of the whole in 1000. */
type Mutation = (text: string) => string

const place = fc.nat({ max: 1000 })
const insertion = fc.tuple(place, fc.oneof(sharpByte, byte)).map(([at, added]): Mutation => {
  return (text) => splice(text, at, 0, added)
})
const removal = fc.tuple(place, fc.integer({ min: 1, max: 3 })).map(([at, count]): Mutation => {
  return (text) => splice(text, at, count, '')
})
const replacement = fc.tuple(place, sharpByte).map(([at, other]): Mutation => {
  return (text) => splice(text, at, 1, other)
})
const repetition = fc.tuple(place, fc.integer({ min: 1, max: 20 })).map(([at, count]): Mutation => {
  return (text) => {
    const start = toIndex(text, at)
    return splice(text, at, 0, text.slice(start, start + count))
  }
})

function splice(text: string, at: number, removed: number, added: string): string {
  const start = toIndex(text, at)
  return text.slice(0, start) + added + text.slice(start + removed)
}

function toIndex(text: string, at: number): number {
  return Math.round((at * text.length) / 1000)
}

/** A text, in most cases with a few changes: what is nearly valid gets further than noise. */
export function mutated(text: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const mutation = fc.oneof(insertion, removal, replacement, repetition)
  const mutations = fc.oneof(
    { weight: 3, arbitrary: fc.constant<Mutation[]>([]) },
    { weight: 2, arbitrary: fc.array(mutation, { minLength: 1, maxLength: 3 }) },
  )
  return fc
    .tuple(text, mutations)
    .map(([start, changes]) => changes.reduce((current, change) => change(current), start))
}
