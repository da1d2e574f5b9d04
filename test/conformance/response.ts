/** One response of a connection, as it was sent. */
export interface Response {
  readonly version: string
  readonly status: number
  readonly reason: string
  /** In the order received, values as byte strings. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  /** Values of one field. */
  all(name: string): string[]
  readonly body: string
  /** How the end of the body is told (RFC 9112 section 6.3). */
  readonly framing: 'none' | 'length' | 'chunked' | 'close'
  /** Whether all of the body has come. */
  readonly isComplete: boolean
  /** Status codes of the interim responses before it. */
  readonly interim: readonly number[]
}

/** What no client should have to make sense of. */
class BadResponse extends Error {}

const STATUS_LINE = /^HTTP\/(1\.[01]) ([1-5]\d\d) ([\t\x20-\x7e\x80-\xff]*)$/
const FIELD_LINE = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([\t\x20-\x7e\x80-\xff]*?)[ \t]*$/

/**
 * Reads all responses of a connection, strictly: what RFC 9112 does not let a server send is an error,
 * so that a response in the wrong place cannot pass for a body, nor a body for a response.
 *
 * @param bytes - as a byte string.
 * @param methods - of the requests, in their order; the framing depends on them.
 */
export function readResponses(bytes: string, methods: readonly string[]): Response[] {
  const responses: Response[] = []
  let interim: number[] = []
  let position = 0
  while (position < bytes.length) {
    const head = readHead(bytes, position)
    position = head.end
    if (head.status < 200) {
      interim.push(head.status)
      continue
    }
    const content = readBody(bytes, position, head, methods[responses.length] ?? 'GET')
    const { version, status, reason, fields } = head
    responses.push({ version, status, reason, fields, all: head.all, ...content, interim })
    position = content.end
    interim = []
  }
  return responses
}

export type Head = Pick<Response, 'version' | 'status' | 'reason' | 'fields' | 'all'> & {
  end: number
}

export function readHead(bytes: string, start: number): Head {
  const end = bytes.indexOf('\r\n\r\n', start)
  if (end === -1) throw bad('a header without an end', bytes.slice(start))
  const [statusLine = '', ...lines] = bytes.slice(start, end).split('\r\n')
  const [, version, code, reason] = STATUS_LINE.exec(statusLine) ?? []
  if (version === undefined || reason === undefined) throw bad('a status line', statusLine)
  const fields = lines.map((line) => {
    const [, name, value] = FIELD_LINE.exec(line) ?? []
    if (name === undefined || value === undefined) throw bad('a field line', line)
    return [name, value] as const
  })
  const all = (name: string): string[] =>
    fields.filter(([each]) => each.toLowerCase() === name.toLowerCase()).map(([, value]) => value)
  return { version, status: Number(code), reason, fields, all, end: end + 4 }
}

type Content = Pick<Response, 'body' | 'framing' | 'isComplete'> & { end: number }

function readBody(bytes: string, start: number, head: Head, method: string): Content {
  const lengths = new Set(head.all('content-length'))
  const codings = head.all('transfer-encoding')
  // RFC 9112 section 6.2: a sender MUST NOT send both.
  if (lengths.size + codings.length > 1) throw bad('the framing', [...lengths, ...codings].join())
  const [length = ''] = lengths
  if (lengths.size > 0 && !/^\d+$/.test(length)) throw bad('Content-Length', length)
  if (head.status === 204 && lengths.size + codings.length > 0) {
    throw bad('a 204 that has a length', head.fields.join())
  }
  if (method === 'HEAD' || head.status === 204 || head.status === 304) {
    return { body: '', framing: 'none', isComplete: true, end: start }
  }
  if (codings.length > 0) {
    if (codings[0]?.toLowerCase() !== 'chunked') throw bad('Transfer-Encoding', codings.join())
    return readChunks(bytes, start)
  }
  if (lengths.size > 0) {
    const body = bytes.slice(start, start + Number(length))
    const isComplete = body.length === Number(length)
    return { body, framing: 'length', isComplete, end: start + body.length }
  }
  return { body: bytes.slice(start), framing: 'close', isComplete: true, end: bytes.length }
}

function readChunks(bytes: string, start: number): Content {
  let body = ''
  let position = start
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', position)
    if (lineEnd === -1) break
    const line = bytes.slice(position, lineEnd)
    if (!/^[\da-f]+(?:;[^\r\n]*)?$/i.test(line)) throw bad('a chunk', line)
    const size = Number.parseInt(line, 16)
    position = lineEnd + 2
    if (size === 0) {
      if (!bytes.startsWith('\r\n', position)) break
      return { body, framing: 'chunked', isComplete: true, end: position + 2 }
    }
    body += bytes.slice(position, position + size)
    position += size
    if (position >= bytes.length) break
    if (!bytes.startsWith('\r\n', position)) throw bad('the end of a chunk', bytes.slice(position))
    position += 2
  }
  return { body, framing: 'chunked', isComplete: false, end: bytes.length }
}

function bad(what: string, bytes: string): BadResponse {
  return new BadResponse(`${what} is not valid: ${JSON.stringify(bytes.slice(0, 200))}`)
}
