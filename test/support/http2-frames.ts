/** Frames of HTTP/2 (RFC 9113 section 6), for what Node's client does not send. */

/** The types of frames. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
} as const

/** The flag of a header block that is complete. */
const END_HEADERS = 4

/** The preface of a client, with its settings: all as they are by default, but for these. */
export function preface(settings: Iterable<number> = []): Buffer {
  return Buffer.concat([
    Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'),
    frame(FRAME.settings, 0, 0, settings),
  ])
}

/** The header of a POST whose body has no length. */
export function postHeaders(path: string, stream = 1): Buffer {
  return frame(FRAME.headers, END_HEADERS, stream, headerBlock(path))
}

/** The fields of a POST, of which more may follow. */
export function headerBlock(path: string): number[] {
  return [
    [':method', 'POST'] as const,
    [':scheme', 'http'] as const,
    [':path', path] as const,
    [':authority', 'a'] as const,
  ].flatMap(([name, value]) => literal(name, value))
}

/** RFC 7541 section 6.2.2: a literal that is not indexed, nor encoded. */
export function literal(name: string, value: string): number[] {
  return [0, name.length, ...Buffer.from(name), value.length, ...Buffer.from(value)]
}

/** Some of a body, and not its end. */
export function data(text: string, stream = 1): Buffer {
  return frame(FRAME.data, 0, stream, Buffer.from(text))
}

export function reset(code: number, stream = 1): Buffer {
  return frame(FRAME.reset, 0, stream, [0, 0, 0, code])
}

export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Iterable<number>,
): Buffer {
  const bytes = Buffer.from([...payload])
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}
