/** One response, as it came. */
export interface RawResponse {
  readonly status: number
  /** Values by lower-case name. */
  readonly fields: ReadonlyMap<string, readonly string[]>
  readonly content: string
  /** Whether the connection ended before the response did. */
  readonly isCut: boolean
}

/** RFC 9112 sections 4 and 5, and no more lenient than they are. */
const HEAD =
  /^HTTP\/1\.[01] (?<status>[1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*\r\n(?<fields>(?:[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*\r\n)*)\r\n/

/**
 * Takes the bytes that a server has sent on one connection apart. Each response says itself, by
 * `X-Method`, which method it answers, as those of HEAD have no content.
 *
 * @throws {Error} where they are not responses, one after the other.
 */
export function readResponses(bytes: string): RawResponse[] {
  const responses: RawResponse[] = []
  let rest = bytes
  while (rest !== '') {
    const match = HEAD.exec(rest)
    if (match === null) {
      if (/^HTTP[^]*\r\n\r\n|^(?!HTTP)/.test(rest)) throw new Error(`no response: ${show(rest)}`)
      responses.push({ status: 0, fields: new Map(), content: rest, isCut: true })
      break
    }
    const status = Number(match.groups?.['status'])
    const fields = readFields(match.groups?.['fields'] ?? '')
    const { content, length, isCut } = readContent(rest.slice(match[0].length), status, fields)
    responses.push({ status, fields, content, isCut })
    rest = rest.slice(match[0].length + length)
  }
  return responses
}

function readFields(lines: string): Map<string, string[]> {
  const fields = new Map<string, string[]>()
  for (const line of lines.split('\r\n').slice(0, -1)) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    fields.set(name, [...(fields.get(name) ?? []), line.slice(colon + 1).trim()])
  }
  return fields
}

interface Content {
  readonly content: string
  /** How many bytes it takes. */
  readonly length: number
  readonly isCut: boolean
}

/** RFC 9112 section 6.3. */
function readContent(rest: string, status: number, fields: RawResponse['fields']): Content {
  const hasNone = status < 200 || status === 204 || status === 304
  if (hasNone || fields.get('x-method')?.includes('HEAD') === true) {
    return { content: '', length: 0, isCut: false }
  }
  const codings = fields.get('transfer-encoding')
  const lengths = fields.get('content-length')
  if (codings !== undefined) {
    if (codings.join() !== 'chunked' || lengths !== undefined) throw new Error('framed twice')
    return readChunks(rest)
  }
  if (lengths === undefined) {
    // Node's own answer to an Expect that it does not know; to HEAD it has no end because no content.
    if (status === 417) return { content: '', length: 0, isCut: false }
    if (fields.get('connection')?.includes('close') !== true) throw new Error('without an end')
    return { content: rest, length: rest.length, isCut: false }
  }
  if (!/^[0-9]+$/.test(lengths.join())) throw new Error(`Content-Length: ${lengths.join()}`)
  const content = rest.slice(0, Number(lengths[0]))
  return { content, length: content.length, isCut: content.length < Number(lengths[0]) }
}

function readChunks(rest: string): Content {
  let content = ''
  let at = 0
  for (;;) {
    const [head, digits = ''] = /^([0-9a-f]+)\r\n/i.exec(rest.slice(at)) ?? []
    const size = Number.parseInt(digits, 16)
    const end = at + (head?.length ?? 0) + size
    if (head === undefined || rest.length < end + 2) {
      if (head === undefined && !/^[0-9a-f]*\r?$/i.test(rest.slice(at))) {
        throw new Error(`no chunk: ${show(rest.slice(at))}`)
      }
      return { content, length: rest.length, isCut: true }
    }
    if (rest.slice(end, end + 2) !== '\r\n') throw new Error(`no end of a chunk: ${show(rest)}`)
    if (size === 0) return { content, length: end + 2, isCut: false }
    content += rest.slice(end - size, end)
    at = end + 2
  }
}

function show(bytes: string): string {
  return JSON.stringify(bytes.slice(0, 200))
}
