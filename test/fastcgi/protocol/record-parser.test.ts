import assert from 'node:assert/strict'
import t from 'tap'
import { RecordParser, type RecordReader } from '@internal/fastcgi/protocol/record-parser.js'
import { RequestIds } from '@internal/fastcgi/protocol/request-ids.js'
import { endRecord, writePairs, record, TYPE } from '../records.js'

/** Those of a connection with one request, whose id is 1. */
function createIds(): RequestIds {
  const ids = new RequestIds(false)
  ids.next()
  return ids
}

/** Collects what a parser reports. */
class Recorder implements RecordReader {
  readonly events: string[] = []

  standardOutput(part: Buffer): void {
    this.#add('stdout', part)
  }

  standardError(part: Buffer): void {
    this.#add('stderr', part)
  }

  endRequest(appStatus: number, protocolStatus: number): void {
    this.events.push(`end ${appStatus} ${protocolStatus}`)
  }

  fault(reason: string): void {
    this.events.push(`fault: ${reason}`)
  }

  /** Parts of one stream that follow each other are one. */
  #add(stream: string, part: Buffer): void {
    assert.ok(part.length > 0)
    const text = part.toString('latin1')
    if (this.events.at(-1)?.startsWith(`${stream} `)) {
      this.events.push(`${this.events.pop()}${text}`)
    } else this.events.push(`${stream} ${text}`)
  }
}

/** Parses bytes in pieces of a size. */
function parse(
  bytes: Buffer,
  size = bytes.length || 1,
): { readonly events: readonly string[]; readonly isClean: boolean } {
  const parser = new RecordParser(createIds())
  const recorder = new Recorder()
  for (let at = 0; at < bytes.length; at += size) {
    // The parser changes its chunks.
    parser.push(Buffer.from(bytes.subarray(at, at + size)), recorder)
  }
  return { events: recorder.events, isClean: parser.isClean }
}

const stdout = (text: string, padding = 0): Buffer => record(TYPE.STDOUT, text, { padding })
const stderr = (text: string, padding = 0): Buffer => record(TYPE.STDERR, text, { padding })

const ANSWER = Buffer.concat([
  stderr('before', 2),
  stdout('Status: 200\n\n', 3),
  stdout(''),
  stderr(''),
  stdout('he', 255),
  stderr('within', 1),
  stdout('llo'),
  stdout(' '),
  stdout('world', 7),
  endRecord(3, 0, { padding: 9 }),
])

const EVENTS = [
  'stderr before',
  'stdout Status: 200\n\nhe',
  'stderr within',
  'stdout llo world',
  'end 3 0',
]

void t.test('UP-2 an answer is the same however its bytes are split', async () => {
  for (const size of [1, 2, 3, 5, 7, 8, 9, 16, 31, ANSWER.length]) {
    const { events } = parse(ANSWER, size)
    assert.deepEqual(events, EVENTS, `pieces of ${size} bytes`)
  }
})

void t.test('UP-2 parts of a record are passed on as they come', async () => {
  const parser = new RecordParser(createIds())
  const recorder = new Recorder()
  const bytes = stdout('hello')
  parser.push(Buffer.from(bytes.subarray(0, 10)), recorder)
  assert.deepEqual(recorder.events, ['stdout he'])
  parser.push(Buffer.from(bytes.subarray(10)), recorder)
  assert.deepEqual(recorder.events, ['stdout hello'])
})

void t.test('UP-2 the output of one read is one part, in its memory', async () => {
  const parts: Buffer[] = []
  const recorder = Object.assign(new Recorder(), {
    standardOutput: (part: Buffer) => parts.push(part),
  })
  const sizes = [40_000, 10, 20_000, 16_384, 1]
  const letters = sizes.map((size, index) => String(index).repeat(size))
  const chunk = Buffer.concat(letters.map((text) => stdout(text, 5)))
  new RecordParser(createIds()).push(chunk, recorder)
  assert.equal(parts.length, 1)
  assert.equal(parts[0]?.toString(), letters.join(''))
  assert.equal(parts[0].buffer, chunk.buffer)
})

void t.test(
  'UP-2 records of other types and of no request are skipped by their length',
  async () => {
    const bytes = Buffer.concat([
      record(TYPE.GET_VALUES_RESULT, writePairs({ FCGI_MPXS_CONNS: '0' }), { id: 0, padding: 4 }),
      stdout('a'),
      record(TYPE.UNKNOWN_TYPE, Buffer.alloc(8), { id: 0 }),
      record(200, 'x'.repeat(60_000), { padding: 200 }),
      record(99, 'of another request', { id: 7 }),
      record(TYPE.STDOUT, 'not of this request', { id: 0 }),
      record(TYPE.END_REQUEST, 'not of it', { id: 0 }),
      record(TYPE.STDIN, 'sent back'),
      stdout('b'),
      endRecord(0, 0),
    ])
    for (const size of [1, 1000, bytes.length]) {
      assert.deepEqual(parse(bytes, size).events, ['stdout ab', 'end 0 0'])
    }
  },
)

void t.test('UP-2 bytes behind the end are never part of the answer', async () => {
  for (const rest of [stdout('next'), endRecord(0, 0), Buffer.from('x'), Buffer.alloc(300)]) {
    const bytes = Buffer.concat([stdout('all'), endRecord(0, 0), rest])
    for (const size of [1, 8, bytes.length]) {
      const { events, isClean } = parse(bytes, size)
      assert.deepEqual(events, ['stdout all', 'end 0 0'])
      assert.equal(isClean, false)
    }
  }
})

void t.test('UP-2 an answer is clean with the padding of its end, and no byte more', async () => {
  const bytes = Buffer.concat([stdout('all'), endRecord(0, 0, { padding: 3 })])
  assert.equal(parse(bytes).isClean, true)
  assert.equal(parse(bytes.subarray(0, -1)).isClean, false)
  assert.deepEqual(parse(bytes.subarray(0, -3)).events, ['stdout all', 'end 0 0'])
  assert.equal(parse(Buffer.concat([bytes, Buffer.alloc(1)])).isClean, false)
  assert.equal(parse(Buffer.concat([stdout('all'), endRecord(0, 0)])).isClean, true)
})

void t.test('UP-2 each fault is named, and the output before it is passed on', async () => {
  for (const [bytes, reason] of [
    [record(TYPE.STDOUT, 'x', { version: 2 }), 'version 2'],
    [Buffer.from('HTTP/1.1 400 Bad Request\r\n'), 'version 72'],
    [Buffer.alloc(8), 'version 0'],
    [record(TYPE.STDOUT, 'x', { id: 2 }), 'request id 2'],
    [record(TYPE.STDERR, 'x', { id: 257 }), 'request id 257'],
    [endRecord(0, 0, { id: 3 }), 'request id 3'],
    [record(TYPE.END_REQUEST, ''), 'END_REQUEST of 0 bytes'],
    [record(TYPE.END_REQUEST, 'x'.repeat(9)), 'END_REQUEST of 9 bytes'],
  ] as const) {
    const all = Buffer.concat([stdout('some'), bytes, stdout('later')])
    for (const size of [1, all.length]) {
      const { events, isClean } = parse(all, size)
      assert.deepEqual(events, ['stdout some', `fault: ${reason}`])
      assert.equal(isClean, false)
    }
  }
})

void t.test('UP-2 both statuses of the end are reported', async () => {
  for (const [appStatus, protocolStatus] of [
    [0, 1],
    [255, 2],
    [2 ** 31 - 1, 3],
    [0, 200],
  ] as const) {
    const { events } = parse(endRecord(appStatus, protocolStatus))
    assert.deepEqual(events, [`end ${appStatus} ${protocolStatus}`])
  }
  // An exit code of -1 is sent as 2^32 - 1.
  assert.deepEqual(parse(endRecord(2 ** 32 - 1, 0)).events, ['end -1 0'])
})
