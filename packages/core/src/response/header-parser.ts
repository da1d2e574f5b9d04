import { excerptOf } from '../data/byte-string.js'
import { CgiError } from '../data/cgi-error.js'
import type { HeaderField } from '../data/header-fields.js'

/** The parsed header of a script's response. */
export interface ScriptHeader {
  /** The fields in the order of the script; values are byte strings. */
  readonly fields: readonly HeaderField[]
  /** Some scripts begin with a status line: its text after `HTTP/1.x `, such as `404 Not Found`. */
  readonly statusLine: string | undefined
  /** The first bytes of the content, which arrived with the end of the header. */
  readonly rest: Buffer
}

/** Reads the header of a script's response; its bytes may be split into chunks anywhere. */
export interface HeaderParser {
  /**
   * Takes the next bytes. Returns null until the header is complete, then the header. Do not call it
   * again after that.
   *
   * @throws {CgiError} CGI_ERR_BAD_HEADER, with the line and its number; CGI_ERR_HEADER_TOO_LARGE.
   */
  push(chunk: Buffer): ScriptHeader | null
  /** Bytes of the header so far. */
  readonly size: number
  /** Complete lines so far. */
  readonly lineNumber: number
}

/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
/** RFC 9110 section 5.5 allows visible characters, blanks and bytes over 0x7F. */
// oxlint-disable-next-line no-control-regex -- these are the control characters that HTTP forbids
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/
const STATUS_LINE = /^HTTP\/\d(?:\.\d)?[ \t]+(.*)$/
/**
 * Python's cgitb prints this before the header of its error page. It opens a comment in a page that has begun
 * already, and looks like a field otherwise.
 */
const CGITB = '<!--: spam'
const LF = 0x0a

/**
 * A parser for one response (RFC 3875 section 6.3): fields up to an empty line; lines end in LF or CRLF;
 * blanks around a value are removed; a line that begins with a blank continues the one before it. Pure:
 * bytes in, fields out.
 *
 * @param options.maxHeaderSize - the largest header, in bytes, with the empty line.
 * @param before - the earlier blocks of the same script: their size counts, and line numbers continue.
 */
export function createHeaderParser(
  { maxHeaderSize }: { maxHeaderSize: number },
  before: Pick<HeaderParser, 'size' | 'lineNumber'> = { size: 0, lineNumber: 0 },
): HeaderParser {
  return new BlockParser(maxHeaderSize, before)
}

/** A field whose value stays in pieces while further lines may continue it. */
interface FieldInPieces {
  readonly name: string
  readonly pieces: string[]
}

/**
 * A class, not an object literal with getters: V8 allocates the AccessorPair of each getter of a literal in the old
 * generation (`Factory::NewAccessorPair`). It refers to the getter, which refers to the whole request. So minor
 * collections left 12 KB of each request, and a full collection came every few hundred requests.
 */
class BlockParser implements HeaderParser {
  size: number
  lineNumber: number
  readonly #maxHeaderSize: number
  readonly #firstLine: number
  readonly #fields: FieldInPieces[] = []
  /** The chunks of a line that is not complete. */
  #begun: Buffer[] = []
  #statusLine: string | undefined

  constructor(maxHeaderSize: number, before: Pick<HeaderParser, 'size' | 'lineNumber'>) {
    this.size = before.size
    this.lineNumber = before.lineNumber
    this.#maxHeaderSize = maxHeaderSize
    this.#firstLine = before.lineNumber + 1
  }

  push(chunk: Buffer): ScriptHeader | null {
    let start = 0
    for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, start)) {
      const line = this.#takeLine(chunk.subarray(start, end))
      this.size += end + 1 - start
      start = end + 1
      this.#checkSize()
      this.lineNumber += 1
      if (line === '') {
        const fields = this.#fields.map(toHeaderField)
        return { fields, statusLine: this.#statusLine, rest: chunk.subarray(start) }
      }
      this.#addLine(line)
    }
    this.size += chunk.length - start
    this.#checkSize()
    if (start < chunk.length) this.#begun.push(chunk.subarray(start))
    return null
  }

  #addLine(line: string): void {
    if (CONTROL.test(line)) throw this.#badHeader('the line contains a control character', line)
    if (line.startsWith(' ') || line.startsWith('\t')) {
      const field = this.#fields.at(-1)
      if (field === undefined) {
        throw this.#badHeader('the line continues a field, but no field precedes it', line)
      }
      field.pieces.push(trimBlanks(line))
      return
    }
    const found = this.lineNumber === this.#firstLine ? STATUS_LINE.exec(line) : null
    if (found !== null) {
      this.#statusLine = trimBlanks(found[1] ?? '')
      return
    }
    if (line === CGITB) return
    const colon = line.indexOf(':')
    if (colon === -1) throw this.#badHeader('the line has no colon', line, 'no-colon')
    const name = line.slice(0, colon)
    if (!TOKEN.test(name)) {
      throw this.#badHeader('the text before the colon is not a field name', line)
    }
    this.#fields.push({ name, pieces: [trimBlanks(line.slice(colon + 1))] })
  }

  #takeLine(end: Buffer): string {
    const bytes = this.#begun.length === 0 ? end : Buffer.concat([...this.#begun, end])
    this.#begun = []
    const line = bytes.toString('latin1')
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  #checkSize(): void {
    if (this.size <= this.#maxHeaderSize) return
    throw new CgiError('CGI_ERR_HEADER_TOO_LARGE', {
      reason: `the limit is ${this.#maxHeaderSize} bytes`,
      line: this.lineNumber + 1,
    })
  }

  #badHeader(reason: string, line: string, fault?: string): CgiError {
    const output = excerptOf(line)
    return new CgiError('CGI_ERR_BAD_HEADER', { reason, fault, line: this.lineNumber, output })
  }
}

function toHeaderField({ name, pieces }: FieldInPieces): HeaderField {
  const value = pieces.length === 1 ? pieces[0] : pieces.filter((piece) => piece !== '').join(' ')
  return [name, value ?? '']
}

/**
 * Removes optional white space (RFC 9110 section 5.6.3) from both ends. trim() would remove more; a regular
 * expression would need time that grows with the square of the number of blanks.
 */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text.charCodeAt(start))) start += 1
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09
}
