/** A text in UTF-8 as a byte string: one character for each byte. */
export function toBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}
