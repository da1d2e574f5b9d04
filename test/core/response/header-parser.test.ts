import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError, type HeaderField } from '@common-gateway/core'
import { createHeaderParser, type ScriptHeader } from '@common-gateway/core/steps'

interface Outcome {
  readonly fields?: readonly HeaderField[]
  readonly statusLine?: string | undefined
  /** The first bytes of the content, whatever of them came with the header and what after it. */
  readonly content?: string
  readonly code?: string
  readonly line?: number | undefined
  readonly reason?: string | undefined
}

/** What comes of these chunks; null where the header is not complete after them. */
function parse(chunks: readonly Buffer[], maxHeaderSize = 64 * 1024): Outcome | null {
  const parser = createHeaderParser({ maxHeaderSize })
  let header: ScriptHeader | null = null
  const content: Buffer[] = []
  try {
    for (const chunk of chunks) {
      if (header !== null) {
        content.push(chunk)
        continue
      }
      header = parser.push(chunk)
      if (header !== null) content.push(header.rest)
    }
  } catch (error) {
    if (!(error instanceof CgiError)) throw error
    return { code: error.code, line: error.line, reason: error.reason }
  }
  if (header === null) return null
  const { fields, statusLine } = header
  return { fields, statusLine, content: Buffer.concat(content).toString('latin1') }
}

function parseText(text: string, maxHeaderSize?: number): Outcome | null {
  return parse([Buffer.from(text, 'latin1')], maxHeaderSize)
}

/** The bytes in two and in three parts, at every place, and one by one. */
function* splits(bytes: Buffer): Generator<Buffer[]> {
  for (let first = 0; first <= bytes.length; first += 1) {
    for (let second = first; second <= bytes.length; second += 1) {
      yield [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)]
    }
  }
  yield [...bytes].map((byte) => Buffer.of(byte))
}

function assertSameOverAnySplit(text: string, expected: Outcome | null, limit?: number): void {
  const bytes = Buffer.from(text, 'latin1')
  for (const chunks of splits(bytes)) {
    const shown = JSON.stringify(chunks.map((chunk) => chunk.toString('latin1')))
    assert.deepEqual(parse(chunks, limit), expected, shown)
  }
}

const HEADERS: readonly [why: string, text: string, expected: Outcome][] = [
  [
    'LF',
    'Content-Type: text/plain\nX-A: 1\n\nbody\n\n',
    {
      fields: [
        ['Content-Type', 'text/plain'],
        ['X-A', '1'],
      ],
      statusLine: undefined,
      content: 'body\n\n',
    },
  ],
  [
    'CRLF',
    'Status: 404 Not Found\r\nX-A: 1\r\n\r\n\r\nbody',
    {
      fields: [
        ['Status', '404 Not Found'],
        ['X-A', '1'],
      ],
      statusLine: undefined,
      content: '\r\nbody',
    },
  ],
  [
    'LF and CRLF mixed',
    'A: 1\r\nB: 2\nC: 3\r\n\nbody',
    {
      fields: [
        ['A', '1'],
        ['B', '2'],
        ['C', '3'],
      ],
      statusLine: undefined,
      content: 'body',
    },
  ],
  [
    'a folded line joins with one space, however it is indented (RFC 9112 section 5.2)',
    'A: one\n two\r\n\t \tthree \nB:\n 4\n\n',
    {
      fields: [
        ['A', 'one two three'],
        ['B', '4'],
      ],
      statusLine: undefined,
      content: '',
    },
  ],
  [
    'a line of blanks alone continues, it does not end the header',
    'A: 1\n \t\nB: 2\n\n',
    {
      fields: [
        ['A', '1'],
        ['B', '2'],
      ],
      statusLine: undefined,
      content: '',
    },
  ],
  [
    'blanks around a value go, those within stay (RFC 9110 section 5.5)',
    'A:  \t a \t b\t \nB:c\n\n',
    {
      fields: [
        ['A', 'a \t b'],
        ['B', 'c'],
      ],
      statusLine: undefined,
      content: '',
    },
  ],
  [
    'bytes over 0x7F are kept, 0x85 and 0xA0 at the ends too, which are no blanks',
    'A: \xa0caf\xe9\x85\nB: \xe2\x82\xac\xff\x80\n\n\xff\xfe',
    {
      fields: [
        ['A', '\xa0caf\xe9\x85'],
        ['B', '\xe2\x82\xac\xff\x80'],
      ],
      statusLine: undefined,
      content: '\xff\xfe',
    },
  ],
  [
    'an empty value, colons in a value, the same name twice, any case',
    'A:\nA: b:c:d\na: http://x/\n\n',
    {
      fields: [
        ['A', ''],
        ['A', 'b:c:d'],
        ['a', 'http://x/'],
      ],
      statusLine: undefined,
      content: '',
    },
  ],
  [
    'every character of a token in a name (RFC 9110 section 5.6.2)',
    "!#$%&'*+-.^_`|~09azAZ: 1\n\n",
    { fields: [["!#$%&'*+-.^_`|~09azAZ", '1']], statusLine: undefined, content: '' },
  ],
  ['no field', '\r\nbody', { fields: [], statusLine: undefined, content: 'body' }],
  [
    'HDR-4 a status line of HTTP comes first and is no field',
    'HTTP/1.1 404 Not Found\r\nA: 1\r\n\r\n',
    { fields: [['A', '1']], statusLine: '404 Not Found', content: '' },
  ],
  [
    'HDR-4 a status line without a reason, of HTTP/1.0',
    'HTTP/1.0 200\n\n',
    { fields: [], statusLine: '200', content: '' },
  ],
]

for (const [why, text, expected] of HEADERS) {
  void t.test(`HDR-1 reads the same over any split: ${why}`, async () => {
    assertSameOverAnySplit(text, expected)
  })
}

void t.test(
  'HDR-1 the line that cgitb of Python begins with is none, and no other like it',
  async () => {
    const fields = [['Content-Type', 'text/html']]
    const page = '<!--: spam\nContent-Type: text/html\n\n'
    assert.deepEqual(parseText(page)?.fields, fields)
    assert.deepEqual(parseText(page.replaceAll('\n', '\r\n'))?.fields, fields)
    for (const line of ['<!--: spam ', '<!--: ham', ' <!--: spam', '<!--']) {
      assert.equal(parseText(page.replace('<!--: spam', line))?.code, 'CGI_ERR_BAD_HEADER', line)
    }
  },
)

void t.test('HDR-4 blanks at the end of a status line are no part of the reason', async () => {
  assert.equal(parseText('HTTP/1.1  404 Not Found \t\r\n\r\n')?.statusLine, '404 Not Found')
})

const NO_COLON = 'the line has no colon'
const NO_NAME = 'the text before the colon is not a field name'
const CONTROL = 'the line contains a control character'
const NOTHING_BEFORE = 'the line continues a field, but no field precedes it'

const BAD: readonly [why: string, text: string, line: number, reason: string][] = [
  ['no colon', 'A: 1\nno colon here\n\n', 2, NO_COLON],
  ['HTML without a header', '<html>\n', 1, NO_COLON],
  ['an error of the shell', 'x.cgi: line 3: foo\nB\n\n', 2, NO_COLON],
  ['no name', ': 1\n\n', 1, NO_NAME],
  ['a blank in a name', 'A B: 1\n\n', 1, NO_NAME],
  ['a blank before the colon, RFC 9112 section 5.1', 'A : 1\n\n', 1, NO_NAME],
  ['a tab before the colon', 'A\t: 1\n\n', 1, NO_NAME],
  ['a separator in a name', 'A(B): 1\n\n', 1, NO_NAME],
  ['a quote in a name', '"A": 1\n\n', 1, NO_NAME],
  ['a slash in a name', 'a/b: 1\n\n', 1, NO_NAME],
  ['a name beyond ASCII', 'caf\xe9: 1\n\n', 1, NO_NAME],
  ['NUL in a value', 'A: 1\nB: \0\n\n', 2, CONTROL],
  ['NUL in a name', '\0: 1\n\n', 1, CONTROL],
  ['CR in a value', 'A: 1\r2\n\n', 1, CONTROL],
  ['CR twice', 'A: 1\r\r\n\n', 1, CONTROL],
  ['CR alone where the header ends', 'A: 1\n\r\r\n', 2, CONTROL],
  ['a control character', 'A: \x1b[31m\n\n', 1, CONTROL],
  ['DEL', 'A: \x7f\n\n', 1, CONTROL],
  ['a control character in a continuation', 'A: 1\n \x01\n\n', 2, CONTROL],
  ['a continuation of nothing', ' A: 1\n\n', 1, NOTHING_BEFORE],
  ['a continuation of nothing, by a tab', '\tA: 1\n\n', 1, NOTHING_BEFORE],
  ['a continuation of the status line', 'HTTP/1.1 200 OK\n x\n\n', 2, NOTHING_BEFORE],
  ['a status line that is not the first', 'A: 1\nHTTP/1.1 200 OK\n\n', 2, NO_COLON],
  ['the first of two wrong lines', 'A: 1\r\n\tx\r\nbad\r\nworse\0\r\n\r\n', 3, NO_COLON],
]

for (const [why, text, line, reason] of BAD) {
  void t.test(`HDR-1 refuses, and says which line and why: ${why}`, async () => {
    assertSameOverAnySplit(text, { code: 'CGI_ERR_BAD_HEADER', line, reason })
  })
}

void t.test(
  'HDR-1 every control character but the tab is refused, in a name and in a value',
  async () => {
    const controls = [...Array(0x20).keys(), 0x7f].filter((code) => code !== 0x09 && code !== 0x0a)
    for (const code of controls) {
      const control = String.fromCharCode(code)
      assert.equal(parseText(`A: x${control}y\n\n`)?.code, 'CGI_ERR_BAD_HEADER', `value, ${code}`)
      assert.equal(parseText(`A${control}: x\n\n`)?.code, 'CGI_ERR_BAD_HEADER', `name, ${code}`)
    }
    assert.deepEqual(parseText('A: x\ty\n\n')?.fields, [['A', 'x\ty']])
  },
)

void t.test('HDR-1 every character that is not of a token is refused in a name', async () => {
  for (let code = 0; code < 256; code += 1) {
    const name = `a${String.fromCharCode(code)}b`
    const isToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
    // A colon ends the name, and LF the line.
    if (name === 'a:b' || name === 'a\nb') continue
    const outcome = parseText(`${name}: 1\n\n`)
    assert.equal(outcome?.code, isToken ? undefined : 'CGI_ERR_BAD_HEADER', JSON.stringify(name))
  }
})

void t.test('HDR-1 a header that is not complete is not read', async () => {
  for (const text of ['', 'A', 'A: 1', 'A: 1\n', 'A: 1\r\n\r', 'A: 1\n ']) {
    assert.equal(parseText(text), null, JSON.stringify(text))
  }
})

const SIZED = 'Content-Type: text/plain\r\nX: y\n\r\n'

void t.test(
  'HDR-1 a header of just the limit is read, whatever the size of its content',
  async () => {
    assertSameOverAnySplit(
      `${SIZED}content`,
      {
        fields: [
          ['Content-Type', 'text/plain'],
          ['X', 'y'],
        ],
        statusLine: undefined,
        content: 'content',
      },
      SIZED.length,
    )
  },
)

void t.test('HDR-1 a header of one byte over the limit is refused over any split', async () => {
  const bytes = Buffer.from(`${SIZED}content`)
  for (const chunks of splits(bytes)) {
    assert.equal(parse(chunks, SIZED.length - 1)?.code, 'CGI_ERR_HEADER_TOO_LARGE')
  }
})

void t.test(
  'HDR-1 the line at which a header is too large is the same over any split',
  async () => {
    const reason = 'the limit is 8 bytes'
    const expected = { code: 'CGI_ERR_HEADER_TOO_LARGE', line: 2, reason }
    assertSameOverAnySplit('A: 1\nB: 22222\nC: 3\n\n', expected, 8)
  },
)

void t.test('HDR-1 a line without an end is refused as soon as the limit is passed', async () => {
  const parser = createHeaderParser({ maxHeaderSize: 100 })
  assert.equal(parser.push(Buffer.alloc(100, 'a')), null)
  assert.equal(parser.size, 100)
  assert.throws(() => parser.push(Buffer.from('a')), { code: 'CGI_ERR_HEADER_TOO_LARGE', line: 1 })
})

void t.test('HDR-1 the size counts the bytes of the header, line ends included', async () => {
  const parser = createHeaderParser({ maxHeaderSize: 100 })
  parser.push(Buffer.from('A: 1\r\nB'))
  assert.equal(parser.size, 7)
  parser.push(Buffer.from(': 2\n\ncontent'))
  assert.equal(parser.size, 12)
})

void t.test('HDR-1 a header of many lines, byte by byte, is read to the last of them', async () => {
  const text = Array.from({ length: 500 }, (_, index) => `X-${index}: ${'v'.repeat(50)}\n`).join('')
  const chunks = [...Buffer.from(`${text}\n`)].map((byte) => Buffer.of(byte))
  const outcome = parse(chunks)
  assert.equal(outcome?.fields?.length, 500)
  assert.deepEqual(outcome.fields[499], ['X-499', 'v'.repeat(50)])
})
