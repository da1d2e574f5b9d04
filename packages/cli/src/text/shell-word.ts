/** A word for a shell, quoted where it has to be. */
export function toShellWord(word: string): string {
  const plain = word.startsWith('-') ? `./${word}` : word
  return /^[\w./@:+-]+$/.test(plain) ? plain : `'${plain.replaceAll("'", String.raw`'\''`)}'`
}
