/**
 * Text for a terminal, on one line: whoever sent a request or wrote a script must not move its
 * cursor, begin a line of their own in the log, or turn the direction of writing around.
 */
export function toPrintable(text: string): string {
  return text.replace(/(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`
  })
}

/** A URL for a terminal: bytes that should have been sent as percent escapes are shown as such. */
export function toPrintableUrl(url: string): string {
  return url.replace(/[^\x21-\x7e]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
