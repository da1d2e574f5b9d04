/** Section 3.4: a name and its value, each behind its length. All strings are byte strings. */
export function encodePair(name: string, value: string): string {
  return encodeLength(name.length) + encodeLength(value.length) + name + value
}

function encodeLength(length: number): string {
  if (length < 128) return String.fromCharCode(length)
  const bytes = [(length >>> 24) | 0x80, (length >>> 16) & 0xff, (length >>> 8) & 0xff]
  return String.fromCharCode(...bytes, length & 0xff)
}

/** Decodes pairs. Stops at one that is cut. */
export function decodePairs(content: Buffer): Map<string, string> {
  const pairs = new Map<string, string>()
  const reader = new LengthReader(content)
  for (;;) {
    const nameLength = reader.next()
    const valueLength = reader.next()
    const nameEnd = reader.position + nameLength
    const valueEnd = nameEnd + valueLength
    if (!(valueEnd <= content.length)) return pairs
    pairs.set(
      content.toString('latin1', reader.position, nameEnd),
      content.toString('latin1', nameEnd, valueEnd),
    )
    reader.position = valueEnd
  }
}

class LengthReader {
  position = 0
  readonly #content: Buffer

  constructor(content: Buffer) {
    this.#content = content
  }

  /** The next length; NaN if it is cut. */
  next(): number {
    const first = this.#content[this.position]
    if (first === undefined) return Number.NaN
    const size = first < 128 ? 1 : 4
    this.position += size
    if (size === 1) return first
    if (this.position > this.#content.length) return Number.NaN
    return this.#content.readUInt32BE(this.position - 4) & 0x7fffffff
  }
}
