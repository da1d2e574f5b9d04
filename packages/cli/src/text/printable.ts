/**
 * Text for one line of a terminal. Text of a request or of a script must not move the cursor, begin a new
 * line in the log or change the direction of writing.
 */
export function toPrintable(text: string): string {
  return text.replace(/(?!\t)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    return `\\u{${character.charCodeAt(0).toString(16)}}`
  })
}

/** A URL for a terminal. Bytes that a URL cannot contain are shown as percent escapes. */
export function toPrintableUrl(url: string): string {
  return url.replace(/[^\x21-\x7e]/g, (character) => {
    return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
  })
}
