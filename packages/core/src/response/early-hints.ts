import { valuesOf } from '../data/header-fields.js'
import { createHeaderParser, type HeaderParser, type ScriptHeader } from './header-parser.js'

/**
 * What Node sends as a hint: no blanks in a parameter, and nothing that a URI cannot hold. Each part can
 * end at one place only, or a value would take time that grows with the square of its length.
 */
const LINK = /^<[\x21-\x3b\x3d\x3f-\x7e]*>(?:[ \t]*;[ \t]*[^;="\s]+(?:=("?)[^;"\s]*\1)?)*$/

/**
 * A parser for a response that may begin with early hints (RFC 8297): blocks of fields, with
 * `Status: 103` and an empty line at the end of each. They count for the size of the header.
 *
 * @param send - takes the links of each block as it comes, each the value of a `Link` field.
 */
export function createFinalHeaderParser(
  settings: { maxHeaderSize: number },
  send: (links: string[]) => void,
): HeaderParser {
  let parser = createHeaderParser(settings)

  function push(chunk: Buffer): ScriptHeader | null {
    let header = parser.push(chunk)
    while (header !== null && isEarly(header)) {
      const links = valuesOf(header.fields, 'link').flatMap(splitLinks)
      if (links.length > 0) send(links)
      parser = createHeaderParser(settings, parser)
      header = parser.push(header.rest)
    }
    return header
  }

  return {
    push,
    get size() {
      return parser.size
    },
    get lineNumber() {
      return parser.lineNumber
    },
  }
}

function isEarly({ fields, statusLine }: ScriptHeader): boolean {
  const lines = valuesOf(fields, 'status')
  if (statusLine !== undefined) lines.push(statusLine)
  return lines.length > 0 && lines.every((line) => /^103(?:[ \t]|$)/.test(line))
}

/** RFC 8288 section 3: links in one field are separated by commas, which can be within each, too. */
function splitLinks(value: string): string[] {
  const links = value.match(/<[^<>]*>(?:"(?:[^"\\]|\\.)*(?:"|\\?$)|[^",])*/g) ?? []
  return links.map((link) => link.trim()).filter((link) => LINK.test(link))
}
