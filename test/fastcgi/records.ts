/** Types of records (FastCGI specification 1.0, section 8). */
export const TYPE = {
  BEGIN_REQUEST: 1,
  ABORT_REQUEST: 2,
  END_REQUEST: 3,
  PARAMS: 4,
  STDIN: 5,
  STDOUT: 6,
  STDERR: 7,
  DATA: 8,
  GET_VALUES: 9,
  GET_VALUES_RESULT: 10,
  UNKNOWN_TYPE: 11,
} as const

/** What differs from a plain record. */
interface RecordForm {
  readonly id?: number
  readonly padding?: number
  readonly version?: number
}

/** The bytes of one record. */
export function record(
  type: number,
  content: string | Buffer = '',
  { id = 1, padding = 0, version = 1 }: RecordForm = {},
): Buffer {
  const bytes = typeof content === 'string' ? Buffer.from(content, 'latin1') : content
  const header = Buffer.alloc(8)
  header.writeUInt8(version, 0)
  header.writeUInt8(type, 1)
  header.writeUInt16BE(id, 2)
  header.writeUInt16BE(bytes.length, 4)
  header.writeUInt8(padding, 6)
  return Buffer.concat([header, bytes, Buffer.alloc(padding, 0xa5)])
}

/** The bytes of END_REQUEST (section 5.5): 1 is CANT_MPX_CONN, 2 OVERLOADED, 3 UNKNOWN_ROLE. */
export function endRecord(
  appStatus: number,
  protocolStatus: number,
  form: RecordForm = {},
): Buffer {
  const content = Buffer.alloc(8)
  content.writeUInt32BE(appStatus, 0)
  content.writeUInt8(protocolStatus, 4)
  return record(TYPE.END_REQUEST, content, form)
}

/** A record that has been received. */
export interface ReceivedRecord {
  readonly version: number
  readonly type: number
  readonly id: number
  readonly content: Buffer
  readonly padding: number
  /** The reserved byte of the header. */
  readonly reserved: number
}

/** Takes records out of the bytes of a connection, whole ones only. */
export class RecordReader {
  #bytes: Buffer = Buffer.alloc(0)

  /** The records that these bytes complete. */
  push(chunk: Buffer): ReceivedRecord[] {
    this.#bytes = this.#bytes.length === 0 ? chunk : Buffer.concat([this.#bytes, chunk])
    const records: ReceivedRecord[] = []
    for (;;) {
      if (this.#bytes.length < 8) return records
      const length = this.#bytes.readUInt16BE(4)
      const padding = this.#bytes.readUInt8(6)
      const size = 8 + length + padding
      if (this.#bytes.length < size) return records
      records.push({
        version: this.#bytes.readUInt8(0),
        type: this.#bytes.readUInt8(1),
        id: this.#bytes.readUInt16BE(2),
        content: this.#bytes.subarray(8, 8 + length),
        padding,
        reserved: this.#bytes.readUInt8(7),
      })
      this.#bytes = this.#bytes.subarray(size)
    }
  }

  /** Bytes of a record that is not whole. */
  get rest(): number {
    return this.#bytes.length
  }
}

/** The name-value pairs of one record. @throws where a pair is cut, or a length has a form that it does not need. */
export function readPairs(content: Buffer): [name: string, value: string][] {
  const pairs: [string, string][] = []
  let offset = 0
  const readLength = (): number => {
    const first = content.readUInt8(offset)
    if (first < 128) {
      offset += 1
      return first
    }
    const length = content.readUInt32BE(offset) & 0x7f_ff_ff_ff
    offset += 4
    if (length < 128) throw new Error(`a length of ${length} takes four bytes`)
    return length
  }
  while (offset < content.length) {
    const [nameLength, valueLength] = [readLength(), readLength()]
    const end = offset + nameLength + valueLength
    if (end > content.length) throw new Error('a pair is cut at the end of its record')
    const name = content.toString('latin1', offset, offset + nameLength)
    pairs.push([name, content.toString('latin1', offset + nameLength, end)])
    offset = end
  }
  return pairs
}

/** Pairs as an application sends them in GET_VALUES_RESULT. */
export function writePairs(values: Readonly<Record<string, string>>): Buffer {
  const parts = Object.entries(values).map(([name, value]) =>
    Buffer.concat([Buffer.from([name.length, value.length]), Buffer.from(name + value)]),
  )
  return Buffer.concat(parts)
}
