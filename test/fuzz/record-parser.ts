import { RecordParser, type RecordReader } from '@internal/fastcgi/protocol/record-parser.js'
import { RequestIds } from '@internal/fastcgi/protocol/request-ids.js'
import fc from 'fast-check'
import assert from 'node:assert/strict'
import { createProperty } from './property.js'

/** A record as it is written: the length in its header need not be that of its content. */
interface WrittenRecord {
  readonly version: number
  readonly type: number
  readonly id: number
  readonly content: string
  readonly length: number
  readonly padding: number
}

/** Bytes of an application, and the places where they are cut. */
interface Input {
  readonly bytes: string
  readonly cuts: readonly number[]
}

/** What an answer is. */
interface Answer {
  readonly stdout: string
  readonly stderr: string
  readonly end: string
}

const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array).toString('latin1'))

const content = fc.oneof(
  { weight: 8, arbitrary: bytes(24) },
  { weight: 2, arbitrary: fc.constant('\0\0\0\x07\0\0\0\0') },
  // Around the size up to which parts are moved together.
  {
    weight: 1,
    arbitrary: fc
      .integer({ min: 16_380, max: 16_390 })
      .map((length) => 'abcdefgh'.repeat(2_049).slice(0, length)),
  },
)

const record: fc.Arbitrary<WrittenRecord> = fc
  .record({
    version: fc.oneof({ weight: 30, arbitrary: fc.constant(1) }, fc.nat({ max: 255 })),
    type: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(6, 6, 7, 3) },
      { weight: 1, arbitrary: fc.nat({ max: 255 }) },
    ),
    id: fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.constantFrom(0, 2, 256, 65_535)),
    content,
    wrongLength: fc.option(fc.nat({ max: 40 }), { freq: 20 }),
    padding: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: 255 })),
  })
  .map(({ wrongLength, ...written }) => {
    // Most ends have the length of an end.
    const isEnd = written.type === 3 && written.padding % 8 !== 7
    const own = isEnd ? written.content.padEnd(8, '\0').slice(0, 8) : written.content
    return { ...written, content: own, length: wrongLength ?? own.length }
  })

function write({ version, type, id, content: own, length, padding }: WrittenRecord): string {
  const header = [version, type, id >> 8, id & 255, length >> 8, length & 255, padding, 0]
  return String.fromCharCode(...header) + own + '\xa5'.repeat(padding)
}

const input: fc.Arbitrary<Input> = fc.record({
  bytes: fc.oneof(
    {
      weight: 10,
      arbitrary: fc.array(record, { maxLength: 6 }).map((records) => records.map(write).join('')),
    },
    { weight: 1, arbitrary: bytes(64) },
  ),
  cuts: fc.array(fc.nat({ max: 1000 }), { maxLength: 6 }),
})

class Recorder implements RecordReader {
  stdout = ''
  stderr = ''
  end = ''

  standardOutput(part: Buffer): void {
    this.#isNotOver(part)
    this.stdout += part.toString('latin1')
  }

  standardError(part: Buffer): void {
    this.#isNotOver(part)
    this.stderr += part.toString('latin1')
  }

  endRequest(appStatus: number, protocolStatus: number): void {
    assert.equal(this.end, '')
    this.end = `${appStatus} ${protocolStatus}`
  }

  fault(reason: string): void {
    assert.equal(this.end, '')
    this.end = reason
  }

  #isNotOver(part: Buffer): void {
    assert.equal(this.end, '')
    assert.ok(part.length > 0)
  }
}

function parse(chunks: readonly string[]): Answer {
  const ids = new RequestIds(false)
  ids.next()
  const parser = new RecordParser(ids)
  const { ...answer } = chunks.reduce((recorder, chunk) => {
    parser.push(Buffer.from(chunk, 'latin1'), recorder)
    return recorder
  }, new Recorder())
  // The bytes behind the end make the connection unusable.
  parser.push(Buffer.from('\x01\x06\0\x01\0\x01\0\0x', 'latin1'), new Recorder())
  if (answer.end !== '') assert.equal(parser.isClean, false)
  return answer
}

/** Reads an answer as the specification says, all of it at once. */
function readPlainly(text: string): Answer {
  const all = Buffer.from(text, 'latin1')
  let [stdout, stderr] = ['', '']
  let at = 0
  while (at + 8 <= all.length) {
    const [version, type] = [all.readUInt8(at), all.readUInt8(at + 1)]
    const [id, length] = [all.readUInt16BE(at + 2), all.readUInt16BE(at + 4)]
    const own = all.subarray(at + 8, at + 8 + length)
    const fault = (end: string): Answer => ({ stdout, stderr, end })
    if (version !== 1) return fault(`version ${version}`)
    if ([3, 6, 7].includes(type) && id !== 0) {
      if (id !== 1) return fault(`request id ${id}`)
      if (type === 6) stdout += own.toString('latin1')
      if (type === 7) stderr += own.toString('latin1')
      if (type === 3 && length !== 8) return fault(`END_REQUEST of ${length} bytes`)
      if (type === 3 && own.length === 8) {
        return { stdout, stderr, end: `${own.readInt32BE(0)} ${own.readUInt8(4)}` }
      }
    }
    at += 8 + length + all.readUInt8(at + 6)
  }
  return { stdout, stderr, end: '' }
}

function cut(text: string, cuts: readonly number[]): string[] {
  const places = cuts.map((each) => Math.round((each * text.length) / 1000))
  const sorted = [0, ...places.toSorted((one, other) => one - other), text.length]
  return sorted.slice(1).map((end, index) => text.slice(sorted[index], end))
}

export const recordParserProperties = [
  createProperty('UP-2 an answer is the same however its bytes are split', input, (given) => {
    const whole = parse([given.bytes])
    assert.deepEqual(parse(cut(given.bytes, given.cuts)), whole)
    if (given.bytes.length < 500) assert.deepEqual(parse(given.bytes.split('')), whole)
  }),
  createProperty('UP-2 an answer is what a plain reader makes of it', input, (given) => {
    assert.deepEqual(parse([given.bytes]), readPlainly(given.bytes))
  }),
]
