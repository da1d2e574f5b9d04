/**
 * Shows control and format characters as escapes: text of a script or a client must not move a cursor, hide a
 * part of itself or change the direction of writing. Tabs and newlines stay.
 */
export function showControls(text: string): string {
  return text.replace(/(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    // The pattern matches whole characters.
    const code = character.codePointAt(0) ?? 0
    return code < 0x100 ? `\\x${hexadecimal(code, 2)}` : `\\u{${hexadecimal(code, 4)}}`
  })
}

function hexadecimal(code: number, length: number): string {
  return code.toString(16).padStart(length, '0')
}
