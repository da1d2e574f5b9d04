import assert from 'node:assert/strict'
import t from 'tap'
import { createStandardErrorLines } from '@internal/core/run/standard-error-lines.js'

/** Longer lines are logged in pieces of so many bytes. */
const PIECE = 8 * 1024

interface Passed {
  readonly lines: string[]
  /** The numbers of bytes that were dropped. */
  readonly dropped: number[]
  /** How many lines there were before each of those. */
  readonly droppedAt: number[]
}

/** The clock of this file stands still but for what the tests tell it. */
let now = 1_000
// A mock would keep a stack trace of each of a million calls.
Object.defineProperty(performance, 'now', { value: () => now })

const tick = (milliseconds: number): void => void (now += milliseconds)

function open(): Passed & { log: ReturnType<typeof createStandardErrorLines> } {
  const passed: Passed = { lines: [], dropped: [], droppedAt: [] }
  const log = createStandardErrorLines({
    line: (text) => passed.lines.push(text),
    drop(bytes) {
      passed.dropped.push(bytes)
      passed.droppedAt.push(passed.lines.length)
    },
  })
  return { ...passed, log }
}

function linesOf(chunks: readonly Buffer[]): string[] {
  const { log, lines } = open()
  for (const chunk of chunks) log.write(chunk)
  log.end()
  return lines
}

void t.test('LOG-1 a line is passed on as soon as it is complete', async () => {
  const { log, lines } = open()
  log.write(Buffer.from('one\ntwo\n'))
  assert.deepEqual(lines, ['one', 'two'], 'as soon as it is complete')
  log.end()
  assert.deepEqual(lines, ['one', 'two'])
})

const TEXTS: readonly [why: string, text: string, lines: readonly string[]][] = [
  ['LF', 'one\ntwo\n', ['one', 'two']],
  ['CRLF', 'one\r\ntwo\r\n', ['one', 'two']],
  ['a last line without an end', 'one\ntwo', ['one', 'two']],
  ['a last line that ends in CR', 'one\r', ['one']],
  ['empty lines are not logged', '\n\none\n\r\n\ntwo\n\n', ['one', 'two']],
  ['CR within a line stays', 'a\rb\n', ['a\rb']],
  ['blanks stay', '  a  \n', ['  a  ']],
  ['UTF-8', 'Schlüssel €\n\u{1f600}\n', ['Schlüssel €', '\u{1f600}']],
  ['nothing', '', []],
]

for (const [why, text, expected] of TEXTS) {
  void t.test(`LOG-1 lines are the same over any split: ${why}`, async () => {
    const bytes = Buffer.from(text)
    for (let first = 0; first <= bytes.length; first += 1) {
      for (let second = first; second <= bytes.length; second += 1) {
        const chunks = [
          bytes.subarray(0, first),
          bytes.subarray(first, second),
          bytes.subarray(second),
        ]
        assert.deepEqual(linesOf(chunks), expected, `${first}, ${second}`)
      }
    }
    const each = [...bytes].map((byte) => Buffer.of(byte))
    assert.deepEqual(linesOf(each), expected)
  })
}

void t.test('LOG-1 bytes that are not UTF-8 do not stop it', async () => {
  assert.deepEqual(linesOf([Buffer.from('caf\xe9\nnext\n', 'latin1')]), ['caf\ufffd', 'next'])
})

void t.test('LOG-1 a long line is logged in pieces, and nothing of it is lost', async () => {
  const text = Array.from({ length: 2_500 }, (_, index) => `${index};`).join('')
  for (const size of [1, 1_000, PIECE - 1, PIECE, PIECE + 1, 100_000]) {
    const bytes = Buffer.from(`${text}\nnext\n`)
    const chunks: Buffer[] = []
    for (let start = 0; start < bytes.length; start += size) {
      chunks.push(bytes.subarray(start, start + size))
    }
    const lines = linesOf(chunks)
    assert.ok(text.length > PIECE)
    assert.equal(lines.pop(), 'next')
    assert.ok(lines.length > 1 && lines.every((line) => line.length <= PIECE), String(size))
    assert.equal(lines.join(''), text, String(size))
  }
})

void t.test('LOG-1 a line of just one piece is one line', async () => {
  for (const length of [PIECE - 1, PIECE]) {
    const line = 'x'.repeat(length)
    assert.deepEqual(linesOf([Buffer.from(`${line}\nnext\n`)]), [line, 'next'])
    assert.deepEqual(linesOf([Buffer.from(line), Buffer.from('\nnext')]), [line, 'next'])
    assert.deepEqual(linesOf([Buffer.from(line)]), [line])
  }
})

void t.test('LOG-1 a character at the border of two pieces is not damaged', async () => {
  const text = `x${'€'.repeat(PIECE)}`
  const lines = linesOf([Buffer.from(`${text}\n`)])
  assert.ok(lines.length > 1)
  assert.equal(lines.join(''), text)
})

void t.test(
  'LOG-1 a chunk that is written over later does not change what was logged',
  async () => {
    const { log, lines } = open()
    const chunk = Buffer.from('begun')
    log.write(chunk)
    chunk.fill('!')
    log.write(Buffer.from(' and ended\n'))
    assert.deepEqual(lines, ['begun and ended'])
  },
)

void t.test('LOG-1 a flood is dropped, and every byte of it is logged or counted', async () => {
  const { log, lines, dropped } = open()
  const line = 'x'.repeat(99)
  const flood = Buffer.from(`${line}\n`.repeat(1_000))
  for (let round = 0; round < 100; round += 1) log.write(flood)
  assert.deepEqual(dropped, [], 'a message for each dropped line would be a flood itself')
  log.end()
  assert.ok(lines.length > 0 && lines.length < 1_000, `${lines.length} lines`)
  assert.equal(dropped.length, 1)
  assert.equal(lines.length * line.length + Number(dropped[0]), 100_000 * line.length)
})

void t.test('LOG-1 a flood of short lines, or of empty ones, is one too', async () => {
  const short = open()
  for (let round = 0; round < 100; round += 1) short.log.write(Buffer.from('x\n'.repeat(1_000)))
  short.log.end()
  assert.ok(short.lines.length < 10_000, `${short.lines.length} lines`)
  assert.equal(short.lines.length + Number(short.dropped[0]), 100_000)
  const empty = open()
  empty.log.write(Buffer.alloc(1_000_000, '\n'))
  empty.log.end()
  assert.deepEqual(empty.lines, [])
})

void t.test('LOG-1 a flood without an end of line is one, too', async () => {
  const { log, lines, dropped } = open()
  for (let round = 0; round < 160; round += 1) log.write(Buffer.alloc(64 * 1024, 'x'))
  log.end()
  const logged = lines.reduce((sum, line) => sum + line.length, 0)
  assert.ok(logged <= (64 + 4) * 1024, `${logged} bytes`)
  assert.equal(logged + Number(dropped[0]), 160 * 64 * 1024)
})

void t.test(
  'LOG-1 when the flood is over its end is logged, after how much was dropped',
  async () => {
    const { log, lines, dropped, droppedAt } = open()
    log.write(Buffer.from(`${'x'.repeat(1_000)}\n`.repeat(200)))
    const before = lines.length
    assert.ok(before < 200)
    log.write(Buffer.from('still too much\n'))
    assert.equal(lines.length, before)
    tick(1_000)
    log.write(Buffer.from('calm\n'))
    assert.deepEqual(lines.slice(-2), ['still too much', 'calm'])
    const end = lines.slice(before, -2)
    assert.deepEqual(
      end,
      Array.from({ length: 4 }, () => 'x'.repeat(1_000)),
    )
    assert.deepEqual(dropped, [(200 - before - end.length) * 1_000])
    assert.deepEqual(droppedAt, [before])
    log.end()
    assert.equal(dropped.length, 1, 'it is reported once')
  },
)

void t.test('LOG-1 the last words of a flood are logged when the script has ended', async () => {
  for (const [words, last] of [
    ['FATAL: the reason\n', 'FATAL: the reason'],
    ['FATAL: no end of line', 'FATAL: no end of line'],
    [`${'\n'.repeat(50)}FATAL\n`, 'FATAL'],
    [`${'€'.repeat(10_000)}FATAL`, /^€+FATAL$/],
  ] as const) {
    const { log, lines, dropped } = open()
    for (let round = 0; round < 2_000; round += 1) {
      log.write(Buffer.from(`warning ${round}: something is deprecated, and here is what to do\n`))
    }
    log.write(Buffer.from(words))
    const before = lines.length
    log.end()
    const text = lines.at(-1) ?? ''
    if (typeof last === 'string') assert.equal(text, last)
    else assert.match(text, last)
    assert.equal(lines[0], 'warning 0: something is deprecated, and here is what to do')
    const tail = lines.slice(before).reduce((sum, line) => sum + Buffer.byteLength(line), 0)
    assert.ok(tail <= 4 * 1024, `${tail} bytes`)
    assert.equal(dropped.length, 1)
  }
})

void t.test('LOG-1 a script that writes a little every second loses no line', async () => {
  const { log, lines, dropped } = open()
  for (let second = 0; second < 1_000; second += 1) {
    log.write(Buffer.from(`${'x'.repeat(1_000)}\n`.repeat(10)))
    tick(1_000)
  }
  log.end()
  assert.equal(lines.length, 10_000)
  assert.deepEqual(dropped, [])
})
