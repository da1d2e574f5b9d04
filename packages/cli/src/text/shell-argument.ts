/** An argument for a shell, quoted if needed. */
export function quoteArgument(text: string): string {
  const argument = text.startsWith('-') ? `./${text}` : text
  return /^[\w./@:+-]+$/.test(argument) ? argument : quote(argument)
}

/** Text in single quotes for a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
