import { toHtml } from '../text/html-text.js'

/** HTML, as opposed to text that might look like it. */
export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  /** What JSON and template strings make of it. */
  toString(): string {
    return this.text
  }
}

/** What can stand in a template: text, which is escaped, and HTML, which is not. */
type Part = string | number | Markup | readonly Markup[] | null | undefined

/**
 * Makes HTML of a template. Every value in it is escaped unless it is HTML itself, made here too: nobody
 * has to remember to. Null and undefined are nothing.
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
