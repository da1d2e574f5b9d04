import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readSync } from 'node:fs'
import path from 'node:path'
import { PassThrough, Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { CgiError, type CgiRequest, type HeaderField } from '@common-gateway/core'
import { descriptorsOf, until } from '../../support/processes.js'
import { createRequest } from '../requests.js'
import { isFile, isReceived } from '@internal/core/body/content.js'
import { readFraming } from '@internal/core/body/framing.js'
import { sendToScript } from '@internal/core/body/input.js'
import { closeRequestBody, openRequestBody } from '@internal/core/body/request-body.js'
import { createTemporaryFolder } from '../temporary-folder.js'

type RequestBody = Awaited<ReturnType<typeof openRequestBody>>

/** More than this of unknown length goes to a file. */
const IN_MEMORY = 64 * 1024

const SPOOL = {
  bodyLimit: 0,
  chunkedBody: 'spool',
  bodyTimeout: 0,
  headersTimeout: 0,
  minRate: 0,
} as const
const folder = createTemporaryFolder(t)
process.env['TMPDIR'] = folder

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** The end of a stream, be it by an error, which `once` would not wait for. */
const closeOf = (stream: Readable | Writable): Promise<unknown> =>
  new Promise((resolve) => stream.once('close', resolve))

/** The descriptors of spool files that are open; nothing else opens files in this folder. */
function spoolFiles(): string[] {
  return descriptorsOf(process.pid).filter((name) => name.startsWith(folder))
}

/** Files are closed on another thread, and no code waits for it. */
async function untilNothingLeft(): Promise<void> {
  const isEmpty = (): boolean => readdirSync(folder).length + spoolFiles().length === 0
  await until(isEmpty, 'no spool file is left, neither open nor by its name')
}

const length = (value: string): HeaderField => ['Content-Length', value]
const coding = (value: string): HeaderField => ['Transfer-Encoding', value]

interface FramingCase {
  readonly why: string
  readonly headers: readonly HeaderField[]
  readonly version?: string
  /** Whether the server sees a body without a field that announces one. */
  readonly hasBody?: boolean
  readonly limit?: number
  /** The framing, or the status of the refusal. */
  readonly expected: number | 'chunked' | 'none' | { readonly status: number }
}

const FRAMINGS: readonly FramingCase[] = [
  { why: 'no field: no body', headers: [], expected: 'none' },
  { why: 'no field, no body, HTTP/1.0', headers: [], version: '1.0', expected: 'none' },
  { why: 'HTTP/2 needs no field', headers: [], version: '2.0', hasBody: true, expected: 'chunked' },
  { why: 'a length', headers: [length('5')], expected: 5 },
  { why: 'a length of nothing', headers: [length('0')], expected: 0 },
  { why: 'leading zeros', headers: [length('005')], expected: 5 },
  { why: 'the same length twice', headers: [length('5'), length('5')], expected: 5 },
  { why: 'more than 32 bits', headers: [length('4294967297')], expected: 4_294_967_297 },
  { why: 'chunked', headers: [coding('chunked')], expected: 'chunked' },
  { why: 'chunked, in any case', headers: [coding('CHUNKED')], expected: 'chunked' },
  { why: 'blanks around it', headers: [coding(' chunked\t')], expected: 'chunked' },
  {
    why: 'two different lengths (RFC 9112 section 6.3)',
    headers: [length('5'), length('6')],
    expected: { status: 400 },
  },
  { why: 'a list of lengths', headers: [length('5, 5')], expected: { status: 400 } },
  { why: 'an empty length', headers: [length('')], expected: { status: 400 } },
  { why: 'a length with a sign', headers: [length('+5')], expected: { status: 400 } },
  { why: 'a negative length', headers: [length('-5')], expected: { status: 400 } },
  { why: 'a fraction', headers: [length('5.0')], expected: { status: 400 } },
  { why: 'hexadecimal', headers: [length('0x5')], expected: { status: 400 } },
  { why: 'an exponent', headers: [length('1e3')], expected: { status: 400 } },
  { why: 'blanks within', headers: [length('5 5')], expected: { status: 400 } },
  { why: 'other digits', headers: [length('\u0665')], expected: { status: 400 } },
  { why: 'more than a number holds', headers: [length('9'.repeat(20))], expected: { status: 400 } },
  {
    why: 'Transfer-Encoding in HTTP/1.0 (RFC 9112 section 6.1)',
    headers: [coding('chunked')],
    version: '1.0',
    expected: { status: 400 },
  },
  {
    why: 'a coding that is not known',
    headers: [coding('gzip, chunked')],
    expected: { status: 501 },
  },
  {
    why: 'chunked that is not the last',
    headers: [coding('chunked, gzip')],
    expected: { status: 501 },
  },
  {
    why: 'chunked twice, over two fields',
    headers: [coding('chunked'), coding('chunked')],
    expected: { status: 501 },
  },
  {
    why: 'identity, which is gone from HTTP',
    headers: [coding('identity')],
    expected: { status: 501 },
  },
  { why: 'an empty coding', headers: [coding('')], expected: { status: 501 } },
  { why: 'BODY-4 a length of just the limit', headers: [length('10')], limit: 10, expected: 10 },
  {
    why: 'BODY-4 one over the limit',
    headers: [length('11')],
    limit: 10,
    expected: { status: 413 },
  },
  {
    why: 'BODY-4 no limit',
    headers: [length('999999999999')],
    limit: 0,
    expected: 999_999_999_999,
  },
]

for (const { why, headers, version = '1.1', hasBody, limit = 0, expected } of FRAMINGS) {
  void t.test(`BODY-6 framing: ${why}`, async () => {
    const body = headers.length > 0 || hasBody ? new PassThrough() : null
    const request = createRequest({ headers, httpVersion: version, body })
    if (typeof expected !== 'object') {
      assert.equal(readFraming(request, limit), expected)
      return
    }
    assert.throws(
      () => readFraming(request, limit),
      (error: unknown) => error instanceof CgiError && error.statusCode === expected.status,
    )
  })
}

void t.test(
  'BODY-6 a connection whose framing is faulty is closed (RFC 9112 section 6.3)',
  async () => {
    const request = createRequest({ headers: [length('x')], body: new PassThrough() })
    assert.throws(() => readFraming(request, 0), { headers: { connection: 'close' } })
  },
)

function withBody(body: Readable | null, signal?: AbortSignal): CgiRequest {
  return createRequest({ body, ...(signal && { signal }) })
}

void t.test('BODY-1 without a body there is no length, and nothing to read', async () => {
  const none = { length: undefined, content: null }
  assert.deepEqual(await openRequestBody(withBody(null), 'none', SPOOL), none)
})

void t.test('BODY-1 a body of no bytes has a length all the same', async () => {
  const body = await openRequestBody(withBody(new PassThrough()), 0, SPOOL)
  assert.deepEqual(body, { length: 0, content: null })
})

void t.test(
  'BODY-1 a body with a length is not held: its stream itself is the content',
  async () => {
    const source = new PassThrough()
    const body = await openRequestBody(withBody(source), 5, SPOOL)
    assert.equal(body.length, 5)
    assert.equal(body.content, source)
    assert.equal(source.readableDidRead, false)
    assert.equal(isReceived(body.content), false)
  },
)

void t.test(
  'BODY-2 in stream mode a chunked body is passed on as it comes, without a length',
  async () => {
    const source = new PassThrough()
    const settings = { ...SPOOL, chunkedBody: 'stream', bodyTimeout: 0 } as const
    const body = await openRequestBody(withBody(source), 'chunked', settings)
    assert.equal(body.length, undefined)
    assert.equal(body.content, source)
    assert.equal(source.readableDidRead, false)
  },
)

void t.test('BODY-5 refuses a body that was read from, or has an encoding', async () => {
  const consumed = Readable.from([Buffer.from('a')], { objectMode: false })
  consumed.resume()
  await once(consumed, 'end')
  const begun = new PassThrough()
  begun.write('ab')
  begun.read(1)
  const decoded = new PassThrough()
  decoded.setEncoding('utf8')
  for (const source of [consumed, begun, decoded]) {
    for (const framing of [5, 'chunked'] as const) {
      await assert.rejects(openRequestBody(withBody(source), framing, SPOOL), {
        code: 'CGI_ERR_BODY_CONSUMED',
        statusCode: 500,
      })
    }
  }
})

/** Bytes none of which is at its place by chance. */
function createBytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, (_, index) => (index * 7 + (index >> 8)) & 0xff))
}

function sourceOf(bytes: Buffer, chunkSize: number): Readable {
  function* chunks(): Generator<Buffer> {
    for (let start = 0; start < bytes.length; start += chunkSize) {
      yield bytes.subarray(start, start + chunkSize)
    }
  }
  return Readable.from(chunks(), { objectMode: false })
}

/** The whole of a file, read as a script reads its standard input: from where it stands. */
function readFromOffset(descriptor: number): Buffer {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024)
    const size = readSync(descriptor, chunk)
    if (size === 0) return Buffer.concat(chunks)
    chunks.push(chunk.subarray(0, size))
  }
}

function contentOf(body: RequestBody): Buffer | null {
  if (Buffer.isBuffer(body.content)) return body.content
  if (isFile(body.content)) return readFromOffset(body.content.fd)
  assert.equal(body.content, null)
  return null
}

const SIZES: readonly [size: number, chunkSize: number, kind: 'nothing' | 'memory' | 'file'][] = [
  [0, 1, 'nothing'],
  [1, 1, 'memory'],
  [1_000, 7, 'memory'],
  [IN_MEMORY - 1, 10_000, 'memory'],
  [IN_MEMORY, 10_000, 'memory'],
  [IN_MEMORY, IN_MEMORY, 'memory'],
  [IN_MEMORY + 1, 10_000, 'file'],
  [IN_MEMORY + 1, IN_MEMORY + 1, 'file'],
  [IN_MEMORY + 1, IN_MEMORY, 'file'],
  [1_000_000, 65_536, 'file'],
  [200_000, 999, 'file'],
]

for (const [size, chunkSize, kind] of SIZES) {
  void t.test(
    `BODY-2 a chunked body of ${size} bytes, ${chunkSize} at a time, is spooled: ${kind}`,
    async (t) => {
      const bytes = createBytes(size)
      const body = await openRequestBody(withBody(sourceOf(bytes, chunkSize)), 'chunked', SPOOL)
      t.after(() => closeRequestBody(body))
      assert.equal(body.length, size, 'section 4.1.2: the length is known')
      const kinds = {
        nothing: body.content === null,
        memory: Buffer.isBuffer(body.content),
        file: isFile(body.content),
      }
      assert.ok(kinds[kind])
      assert.equal(isReceived(body.content), true)
      assert.deepEqual(readdirSync(folder), [], 'the file has no name')
      assert.equal(spoolFiles().length, kind === 'file' ? 1 : 0)
      const content = contentOf(body)
      assert.ok(
        content === null ? size === 0 : content.equals(bytes),
        'the file stands at its begin',
      )
      await closeRequestBody(body)
      await untilNothingLeft()
    },
  )
}

void t.test('BODY-2 a body that comes slowly is whole', async (t) => {
  const source = new PassThrough()
  const opening = openRequestBody(withBody(source), 'chunked', SPOOL)
  const bytes = createBytes(IN_MEMORY * 2)
  for (let start = 0; start < bytes.length; start += 20_000) {
    source.write(bytes.subarray(start, start + 20_000))
    await settle()
  }
  source.end()
  const body = await opening
  t.after(() => closeRequestBody(body))
  assert.ok(contentOf(body)?.equals(bytes))
})

void t.test(
  'BODY-2 the spool file is for its owner alone, even before it has lost its name',
  async (t) => {
    const body = await openRequestBody(
      withBody(sourceOf(createBytes(100_000), 1_000)),
      'chunked',
      SPOOL,
    )
    t.after(() => closeRequestBody(body))
    assert.ok(isFile(body.content))
    const { mode, nlink } = await body.content.stat()
    assert.equal(mode & 0o777, 0o600)
    assert.equal(nlink, 0)
  },
)

void t.test(
  'BODY-4 a chunked body is refused when the limit is passed, in memory and in a file',
  async () => {
    for (const limit of [10, IN_MEMORY + 10]) {
      const settings = { ...SPOOL, bodyLimit: limit }
      const fits = await openRequestBody(
        withBody(sourceOf(createBytes(limit), 5)),
        'chunked',
        settings,
      )
      assert.equal(fits.length, limit)
      await closeRequestBody(fits)
      const source = sourceOf(createBytes(limit + 3 * IN_MEMORY), 1_000)
      await assert.rejects(openRequestBody(withBody(source), 'chunked', settings), {
        code: 'CGI_ERR_BODY_TOO_LARGE',
        statusCode: 413,
      })
      assert.equal(source.destroyed, false, 'the client has yet to get the answer')
      await untilNothingLeft()
    }
  },
)

void t.test('BODY-4 an endless body is refused as soon as the limit is passed', async () => {
  let sent = 0
  const source = new Readable({
    read() {
      sent += 1_000
      this.push(Buffer.alloc(1_000))
    },
  })
  await assert.rejects(
    openRequestBody(withBody(source), 'chunked', { ...SPOOL, bodyLimit: 200_000 }),
    { code: 'CGI_ERR_BODY_TOO_LARGE' },
  )
  assert.ok(sent < 400_000, `${sent} bytes were taken`)
  source.destroy()
  await untilNothingLeft()
})

/** What a request of Node's fails with. */
function connectionReset(): Error {
  return Object.assign(new Error('aborted'), { code: 'ECONNRESET' })
}

const LEAVES: readonly [how: string, leave: (source: Readable, client: AbortController) => void][] =
  [
    ['it is destroyed', (source) => source.destroy()],
    ['it fails', (source) => source.destroy(connectionReset())],
    ['the signal says so', (_source, client) => client.abort()],
  ]

for (const [how, leave] of LEAVES) {
  for (const size of [0, 10, IN_MEMORY * 2]) {
    void t.test(
      `BODY-4 a client that has gone after ${size} bytes is distinguished: ${how}`,
      async () => {
        const source = new PassThrough({ highWaterMark: IN_MEMORY * 4 })
        const client = new AbortController()
        const opening = openRequestBody(withBody(source, client.signal), 'chunked', SPOOL)
        const failed = assert.rejects(opening, { code: 'CGI_ERR_CLIENT_GONE' })
        if (size > 0) source.write(Buffer.alloc(size))
        // Until what was sent has been taken, and it waits for more.
        while (source.readableLength > 0 || source.listenerCount('end') === 0) await settle()
        leave(source, client)
        await failed
        await untilNothingLeft()
        source.destroy()
      },
    )
  }
}

void t.test('BODY-4 a client that has gone before its body is read', async () => {
  const destroyed = new PassThrough()
  destroyed.destroy()
  await assert.rejects(openRequestBody(withBody(destroyed), 'chunked', SPOOL), {
    code: 'CGI_ERR_CLIENT_GONE',
  })
  const aborted = openRequestBody(
    withBody(new PassThrough(), AbortSignal.abort()),
    'chunked',
    SPOOL,
  )
  await assert.rejects(aborted, { code: 'CGI_ERR_CLIENT_GONE' })
})

void t.test(
  'BODY-4 a body that fails while its bytes are being stored harms no other request',
  async () => {
    const source: Readable = new Readable({
      highWaterMark: IN_MEMORY * 2,
      read() {
        this.push(Buffer.alloc(IN_MEMORY * 2))
        setImmediate(() => source.destroy(connectionReset()))
      },
    })
    await assert.rejects(openRequestBody(withBody(source), 'chunked', SPOOL), {
      code: 'CGI_ERR_CLIENT_GONE',
    })
    await untilNothingLeft()
  },
)

void t.test('BODY-2 what cannot be stored is our fault, and the log says why', async (t) => {
  t.after(() => {
    process.env['TMPDIR'] = folder
  })
  process.env['TMPDIR'] = path.join(folder, 'missing')
  const opening = openRequestBody(withBody(sourceOf(createBytes(100_000), 1_000)), 'chunked', SPOOL)
  await assert.rejects(opening, (error: CgiError) => {
    assert.equal(error.code, 'CGI_ERR_SPOOL')
    assert.equal(error.statusCode, 500)
    assert.match(error.reason ?? '', /ENOENT/)
    return true
  })
})

void t.test('BODY-2 no listener is left on the source, however many chunks it had', async () => {
  const source = sourceOf(createBytes(100_000), 100)
  const client = new AbortController()
  let warned = false
  const warn = (): void => void (warned = true)
  process.on('warning', warn)
  const body = await openRequestBody(withBody(source, client.signal), 'chunked', SPOOL)
  await closeRequestBody(body)
  await settle()
  process.off('warning', warn)
  assert.equal(warned, false)
  assert.equal(source.listenerCount('readable'), 0)
  assert.equal(source.listenerCount('close'), 0)
})

/** Records the events of a body. */
function observe(): {
  moved: number
  failures: CgiError[]
  receive(): void
  fail(e: CgiError): void
} {
  return {
    moved: 0,
    failures: [],
    receive() {
      this.moved += 1
    },
    fail(error) {
      this.failures.push(error)
    },
  }
}

/** A script's standard input that is read to its end. */
function createReader(): { stdin: Writable; input: () => Buffer } {
  const chunks: Buffer[] = []
  const stdin = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk)
      setImmediate(done)
    },
  })
  return { stdin, input: () => Buffer.concat(chunks) }
}

void t.test('BODY-1 a script gets the bytes, then the end of its input', async () => {
  const bytes = createBytes(100_000)
  for (const content of [bytes, sourceOf(bytes, 1), sourceOf(bytes, 999), sourceOf(bytes, 1e6)]) {
    const { stdin, input } = createReader()
    const observer = observe()
    void sendToScript(content, stdin, 0, observer)
    await once(stdin, 'finish')
    assert.ok(input().equals(bytes))
    assert.deepEqual(observer.failures, [])
    assert.ok(Buffer.isBuffer(content) || observer.moved > 0)
    assert.equal(isReceived(content), true)
  }
})

void t.test('BODY-1 no more is taken from a client than the script reads', async (t) => {
  let sent = 0
  const source = new Readable({
    highWaterMark: 16 * 1024,
    read() {
      sent += 1_000
      this.push(Buffer.alloc(1_000))
    },
  })
  const stdin = new Writable({ highWaterMark: 16 * 1024, write() {} })
  t.after(() => {
    source.destroy()
    stdin.destroy()
  })
  void sendToScript(source, stdin, 0, observe())
  await once(source, 'pause')
  for (let round = 0; round < 100; round += 1) await settle()
  assert.ok(sent <= 64 * 1024, `${sent} bytes`)
  assert.equal(isReceived(source), false)
})

function assertDrained(t: Test, stdin: Writable): Promise<unknown> {
  const source = sourceOf(createBytes(1_000_000), 1_000)
  t.after(() => source.destroy())
  const ended = once(source, 'end')
  const observer = observe()
  void sendToScript(source, stdin, 0, observer)
  return ended.then(() => {
    assert.equal(isReceived(source), true)
    assert.deepEqual(observer.failures, [])
  })
}

void t.test(
  'BODY-3 what a script that closes its input does not read is received all the same',
  async (t) => {
    const stdin = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    await assertDrained(t, stdin)
  },
)

void t.test(
  'BODY-3 what a script that ends without reading has left is received all the same',
  async (t) => {
    const stdin = new Writable({ highWaterMark: 1, write() {} })
    stdin.once('pipe', () => setImmediate(() => stdin.destroy()))
    await assertDrained(t, stdin)
  },
)

void t.test(
  'BODY-3 an input that is closed early is no error where the body is in memory',
  async () => {
    const stdin = new Writable({
      write(_chunk, _encoding, done) {
        done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }))
      },
    })
    const observer = observe()
    void sendToScript(Buffer.from('body'), stdin, 0, observer)
    await closeOf(stdin)
    assert.deepEqual(observer.failures, [])
  },
)

void t.test(
  'BODY-4 a body that passes the limit on its way fails, one of just the limit does not',
  async () => {
    for (const [size, limit, fails] of [
      [1_000, 1_000, false],
      [1_001, 1_000, true],
      [1_001, 0, false],
    ] as const) {
      const { stdin } = createReader()
      const observer = observe()
      void sendToScript(sourceOf(createBytes(size), 100), stdin, limit, observer)
      await once(stdin, 'finish')
      assert.equal(observer.failures.length > 0, fails, `${size} of ${limit}`)
      for (const { code } of observer.failures) assert.equal(code, 'CGI_ERR_BODY_TOO_LARGE')
    }
  },
)

void t.test('BODY-4 a body cut short never looks whole to the script', async () => {
  for (const reason of [undefined, connectionReset()]) {
    const source = new PassThrough()
    const { stdin } = createReader()
    const observer = observe()
    void sendToScript(source, stdin, 0, observer)
    source.write('the first half')
    await settle()
    source.destroy(reason)
    await closeOf(source)
    await settle()
    assert.equal(stdin.writableEnded, false)
    assert.equal(stdin.destroyed, false)
    assert.deepEqual(
      observer.failures.map(({ code }) => code),
      ['CGI_ERR_CLIENT_GONE'],
    )
    stdin.destroy()
  }
})

void t.test('BODY-1 reports the received bytes', async () => {
  assert.equal(isReceived(null), true)
  assert.equal(isReceived(Buffer.from('a')), true)
  const source = new PassThrough()
  assert.equal(isReceived(source), false)
  source.end('a')
  assert.equal(isReceived(source), false, 'not before it has been read')
  source.resume()
  await once(source, 'end')
  assert.equal(isReceived(source), true)
})
