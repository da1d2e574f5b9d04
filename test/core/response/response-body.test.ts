import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Duplex, Writable } from 'node:stream'
import t from 'tap'
import { ask, check, createLettersServer, type Meddle, serve, SIZE } from '../letters.js'

void t.test(
  'RES-4 each of many clients, slow ones among them, receives the bytes of its own script',
  async (t) => {
    const port = await serve(t)
    await Promise.all(
      ['ab', 'cd', 'ef', 'gh', 'ij', 'kl'].map(async (letters, index) => {
        const response = await ask(port, letters, 100 * (index % 3))
        assert.equal(await check(letters, response), 2 * SIZE)
      }),
    )
  },
)

const WAYS: readonly [what: string, meddle: (kept: Buffer[]) => Meddle][] = [
  [
    'other code listens to the body, and keeps its chunks',
    (kept) => (_response, body) => void body.on('data', (chunk: Buffer) => kept.push(chunk)),
  ],
  [
    'the response is wrapped, and its chunks are kept',
    (kept) => (response) => {
      const write = response.write.bind(response) as (...words: unknown[]) => boolean
      response.write = (...words: unknown[]): boolean => {
        const [chunk] = words
        if (Buffer.isBuffer(chunk)) kept.push(chunk)
        return write(...words)
      }
    },
  ],
  [
    'the socket is wrapped, and its chunks are kept',
    (kept) => (response) => {
      const { socket } = response
      assert.ok(socket)
      const write = socket.write.bind(socket) as (...words: unknown[]) => boolean
      socket.write = (...words: unknown[]): boolean => {
        const [chunk] = words
        // But for the ends of lines around it.
        if (Buffer.isBuffer(chunk) && chunk.length > 2) kept.push(chunk)
        return write(...words)
      }
    },
  ],
  [
    'the response is corked',
    () => (response) => {
      response.cork()
      setTimeout(() => response.uncork(), 50)
    },
  ],
]

for (const [what, meddle] of WAYS) {
  void t.test(`RES-4 bytes stay as they are when ${what}`, async (t) => {
    const kept: Buffer[] = []
    const port = await serve(t, meddle(kept))
    assert.equal(await check('xy', await ask(port, 'xy')), 2 * SIZE)
    assert.equal(await check('xy', kept), kept.length === 0 ? 0 : 2 * SIZE)
  })
}

void t.test(
  'RES-4 bytes stay as they are when the body is piped to another stream instead',
  async (t) => {
    const copies: Buffer[] = []
    // One that lets chunks wait, as a compression does.
    const write = (chunk: Buffer, _encoding: string, callback: () => void): void =>
      void setTimeout(() => {
        copies.push(Buffer.from(chunk))
        callback()
      }, 2)
    const other = new Writable({ write, highWaterMark: SIZE })
    const port = await serve(t, (response, body) => {
      process.nextTick(() => {
        body.unpipe(response)
        body.pipe(other)
        // What takes a body away from its response has to end that, too.
        other.once('finish', () => response.end())
      })
    })
    const [response] = await Promise.all([ask(port, 'xy'), once(other, 'finish')])
    assert.equal(await check('xy', response), 0)
    assert.equal(await check('xy', copies), 2 * SIZE)
  },
)

void t.test(
  'RES-4 bytes stay as they are when the connection is a stream of this process',
  async (t) => {
    const server = createLettersServer(t)
    const { client, connection } = createStreamPair()
    server.emit('connection', connection)
    const chunks: Buffer[] = []
    client.on('data', (chunk: Buffer) => chunks.push(chunk))
    client.write('GET /cgi-bin/letters.cgi?xy HTTP/1.0\r\n\r\n')
    await once(client, 'end')
    const all = Buffer.concat(chunks)
    const start = all.indexOf('\r\n\r\n') + 4
    assert.equal(await check('xy', [all.subarray(start)]), 2 * SIZE)
  },
)

/** What one of them writes the other hands on, in the same memory. */
function createStreamPair(): { client: Duplex; connection: Duplex } {
  const connection = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      client.push(chunk)
      callback()
    },
    final(callback) {
      client.push(null)
      callback()
    },
  })
  const client = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, callback) {
      connection.push(chunk)
      callback()
    },
  })
  return { client, connection }
}

void t.test(
  'RES-4 a response that ends while its body is piped has no chunk after its end',
  async (t) => {
    const port = await serve(t, (response, body) => {
      body.once('data', () => setImmediate(() => response.end()))
    })
    await check('z', await ask(port, 'z'))
  },
)
