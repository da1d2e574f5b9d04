/** Frames of HTTP/2 (RFC 9113 section 6), for what Node's client does not send. */

/** The preface of a client, with its settings: all as they are by default. */
export function preface(): Buffer {
  return Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(4, 0, 0, [])])
}

/** The header of a POST whose body has no length, on the first stream. */
export function postHeaders(path: string): Buffer {
  const literals = [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'a'],
  ] as const
  // RFC 7541 section 6.2.2: literals that are not indexed, nor encoded.
  const block = literals.flatMap(([name, value]) => [
    0,
    name.length,
    ...Buffer.from(name),
    value.length,
    ...Buffer.from(value),
  ])
  return frame(1, 4, 1, block)
}

/** Some of a body, and not its end. */
export function data(text: string): Buffer {
  return frame(0, 0, 1, Buffer.from(text))
}

export function reset(code: number): Buffer {
  return frame(3, 0, 1, [0, 0, 0, code])
}

function frame(type: number, flags: number, stream: number, payload: Iterable<number>): Buffer {
  const bytes = Buffer.from([...payload])
  const head = Buffer.alloc(9)
  head.writeUIntBE(bytes.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, bytes])
}
