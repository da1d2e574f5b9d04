import { toHtml } from './html-text.js'

/** HTML that needs no escaping. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** Used by JSON.stringify and by template strings. */
  toString(): string {
    return this.text
  }
}

/** A value in a template: text is escaped, HTML is not. */
type Part = string | number | Markup | readonly Markup[] | null | undefined

/**
 * Template tag for HTML. Escapes every value that is not HTML made by this tag. Null and undefined become the
 * empty string.
 */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  const text = strings.map((string, index) => string + toText(parts[index]))
  return new Markup(text.join(''))
}

function toText(part: Part): string {
  if (part === null || part === undefined) return ''
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return toHtml(String(part))
}
