/**
 * A byte string holds one byte in each character, 0x00 to 0xFF. Meta-variables are byte strings, because field
 * values and queries need not be UTF-8 (RFC 9110 section 5.5) and must reach the script as they were sent.
 */

// oxlint-disable-next-line no-control-regex -- ASCII is what the pattern is about
const ASCII = /^[\x00-\x7f]*$/

/** Whether all bytes are ASCII, so that byte string and text are the same. */
export function isAscii(bytes: string): boolean {
  return ASCII.test(bytes)
}

/** Whether each character stands for one byte. */
export function isByteString(text: string): boolean {
  return !/[\u0100-\uffff]/.test(text)
}

/** The UTF-8 bytes of a text, as a byte string. */
export function toByteString(text: string): string {
  return isAscii(text) ? text : Buffer.from(text, 'utf8').toString('latin1')
}

const strictDecoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Decodes the bytes as UTF-8; null if they are not UTF-8. */
export function fromByteString(bytes: string): string | null {
  if (isAscii(bytes)) return bytes
  try {
    return strictDecoder.decode(Buffer.from(bytes, 'latin1'))
  } catch {
    return null
  }
}

/** Decodes the bytes for people: as UTF-8, or else as Latin-1, so that no byte is lost. */
export function toReadableText(bytes: string): string {
  return fromByteString(bytes) ?? bytes
}

/** How much of a script's output an error contains, in characters. */
const EXCERPT_LENGTH = 200
/** The most bytes of that many characters, and of one more that is cut. */
const EXCERPT_BYTES = 4 * EXCERPT_LENGTH + 4

/** The beginning of bytes that may be long, decoded for people. */
export function excerptOf(bytes: string): string {
  const isCut = bytes.length > EXCERPT_BYTES
  const head = isCut ? bytes.slice(0, EXCERPT_BYTES).replace(/[\xc0-\xff][\x80-\xbf]*$/, '') : bytes
  const characters = Array.from(toReadableText(head))
  if (!isCut && characters.length <= EXCERPT_LENGTH) return characters.join('')
  return `${characters.slice(0, EXCERPT_LENGTH).join('')}…`
}
