import { valuesOf } from '../data/header-fields.js'
import { createHeaderParser, type HeaderParser, type ScriptHeader } from './header-parser.js'

/**
 * The links that Node can send as a hint: no blanks in a parameter, and only characters of a URI. Each part
 * can end at one place only: otherwise the time would grow with the square of the length.
 */
const LINK = /^<[\x21-\x3b\x3d\x3f-\x7e]*>(?:[ \t]*;[ \t]*[^;="\s]+(?:=("?)[^;"\s]*\1)?)*$/

/**
 * A parser for a response that may begin with early hints (RFC 8297): blocks of fields, with
 * `Status: 103` and an empty line at the end of each. They count towards the size of the header.
 *
 * @param send - called with the links of each block as it arrives; each link is the value of a `Link` field.
 */
export function createFinalHeaderParser(
  settings: { maxHeaderSize: number },
  send: (links: string[]) => void,
): HeaderParser {
  return new FinalHeaderParser(settings, send)
}

class FinalHeaderParser implements HeaderParser {
  readonly #settings: { maxHeaderSize: number }
  readonly #send: (links: string[]) => void
  #block: HeaderParser

  constructor(settings: { maxHeaderSize: number }, send: (links: string[]) => void) {
    this.#settings = settings
    this.#send = send
    this.#block = createHeaderParser(settings)
  }

  get size(): number {
    return this.#block.size
  }

  get lineNumber(): number {
    return this.#block.lineNumber
  }

  push(chunk: Buffer): ScriptHeader | null {
    let header = this.#block.push(chunk)
    while (header !== null && isEarly(header)) {
      const links = valuesOf(header.fields, 'link').flatMap(splitLinks)
      if (links.length > 0) this.#send(links)
      this.#block = createHeaderParser(this.#settings, this.#block)
      header = this.#block.push(header.rest)
    }
    return header
  }
}

function isEarly({ fields, statusLine }: ScriptHeader): boolean {
  const lines = valuesOf(fields, 'status')
  if (statusLine !== undefined) lines.push(statusLine)
  return lines.length > 0 && lines.every((line) => /^103(?:[ \t]|$)/.test(line))
}

/** RFC 8288 section 3: commas separate the links in one field, but a link may contain commas, too. */
function splitLinks(value: string): string[] {
  const links = value.match(/<[^<>]*>(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^",])*/g) ?? []
  return links.map((link) => link.trim()).filter((link) => LINK.test(link))
}
