/**
 * A byte string holds one byte in each character, 0x00 to 0xFF. Meta-variables are byte strings all
 * the way to the script, because header values and queries need not be UTF-8 (RFC 9110 section 5.5)
 * and must arrive as they were sent.
 */

// oxlint-disable-next-line no-control-regex -- ASCII is what the pattern is about
const ASCII = /^[\x00-\x7f]*$/

/** Whether all bytes are ASCII: then they are their own text. */
export function isAscii(bytes: string): boolean {
  return ASCII.test(bytes)
}

/** The UTF-8 bytes of a text, as a byte string. */
export function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The text whose UTF-8 bytes these are; null where they are not UTF-8. */
export function fromByteString(bytes: string): string | null {
  if (isAscii(bytes)) return bytes
  try {
    return strictDecoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return null
  }
}

/** These bytes as text for people: as UTF-8, or else as Latin-1, so that none is lost. */
export function toReadableText(bytes: string): string {
  return fromByteString(bytes) ?? bytes
}

/** How much of a script's output an error tells, in characters. */
const EXCERPT_LENGTH = 200
/** As many bytes as so many characters have at most, and the rest of one that is cut. */
const EXCERPT_BYTES = 4 * EXCERPT_LENGTH + 4

/** The beginning of what may be long, as text for people. */
export function excerptOf(bytes: string): string {
  const isCut = bytes.length > EXCERPT_BYTES
  const head = isCut ? bytes.slice(0, EXCERPT_BYTES).replace(/[\xc0-\xff][\x80-\xbf]*$/, '') : bytes
  const characters = Array.from(toReadableText(head))
  if (!isCut && characters.length <= EXCERPT_LENGTH) return characters.join('')
  return `${characters.slice(0, EXCERPT_LENGTH).join('')}…`
}
