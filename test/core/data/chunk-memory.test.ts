import { freeChunk } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, request as ask } from 'node:http'
import type { AddressInfo } from 'node:net'
import { PassThrough, Readable, Writable } from 'node:stream'
import t, { type Test } from 'tap'
import { ChunkReceiver } from '@internal/core/body/chunk-receiver.js'
import { sendToScript } from '@internal/core/body/input.js'
import { ownChunk } from '@internal/core/data/chunk-memory.js'

const SIZE = 4 * 1024 * 1024
const BODY = randomBytes(SIZE)

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

/** What a script gets, and how much of it was freed. */
interface Receipt {
  readonly digest: string
  readonly freed: number
}

type Handler = (request: IncomingMessage) => Promise<Receipt>

/** Writes a body to a script. @param take - the content that the script gets. */
async function pass(
  request: IncomingMessage,
  take: (request: IncomingMessage) => Readable,
): Promise<Receipt> {
  const hash = createHash('sha256')
  let freed = 0
  const stdin = new Writable({
    write(chunk: Buffer, _encoding, done) {
      // As a socket does: the system has it a moment later.
      setImmediate(() => {
        const { length } = chunk
        hash.update(chunk)
        freeChunk(chunk)
        freed += length - chunk.length
        done()
      })
    },
  })
  const observer = { receive() {}, fail: (error: Error) => assert.fail(error) }
  void sendToScript(take(request), stdin, 0, observer)
  await once(stdin, 'finish')
  return { digest: hash.digest('hex'), freed }
}

/** Receives a body as it is done before it goes to a file. */
async function spool(
  request: IncomingMessage,
  observe: (request: IncomingMessage) => void,
): Promise<Receipt> {
  const hash = createHash('sha256')
  let freed = 0
  observe(request)
  const receiver = new ChunkReceiver(request, new AbortController().signal)
  const next = (): Promise<Buffer[] | null> => receiver.next(Infinity, 'CGI_ERR_BODY_STALLED')
  for (let chunks = await next(); chunks !== null; chunks = await next()) {
    for (const chunk of chunks) {
      const { length } = chunk
      hash.update(chunk)
      freeChunk(chunk)
      freed += length - chunk.length
    }
    // As it is written to the file.
    await new Promise((resolve) => setImmediate(resolve))
  }
  receiver.close()
  return { digest: hash.digest('hex'), freed }
}

/** Sends a large body to a server. */
async function receive(t: Test, handler: Handler): Promise<Receipt> {
  let receipt: Promise<Receipt> | undefined
  const server = createServer((request, response) => {
    receipt = handler(request)
    void receipt.then(() => response.end())
  })
  t.after(() => server.close().closeAllConnections())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const client = ask({ port, host: '127.0.0.1', method: 'POST', agent: false })
  client.end(BODY)
  await once(client, 'response')
  assert.ok(receipt)
  return receipt
}

void t.test('BODY-1 a large body arrives whole, and is freed as it is written', async (t) => {
  const receipt = await receive(t, (request) => pass(request, () => request))
  assert.equal(receipt.digest, digest(BODY))
  assert.ok(receipt.freed > SIZE / 2, `${receipt.freed} bytes freed`)
})

void t.test('BODY-2 a large body is freed as it is spooled', async (t) => {
  const receipt = await receive(t, (request) => spool(request, () => {}))
  assert.equal(receipt.digest, digest(BODY))
  assert.ok(receipt.freed > SIZE / 2, `${receipt.freed} bytes freed`)
})

/** What else may keep chunks of the body. Each returns what it has kept. */
const OBSERVERS: Readonly<Record<string, (request: IncomingMessage, kept: Buffer[]) => void>> = {
  'a listener': (request, kept) => {
    request.pause().on('data', (chunk: Buffer) => kept.push(chunk))
  },
  'a listener that comes later': (request, kept) => {
    setImmediate(() => request.on('data', (chunk: Buffer) => kept.push(chunk)))
  },
  'a listener for each chunk': (request, kept) => {
    const keep = (chunk: Buffer): void => {
      kept.push(chunk)
      request.once('data', keep)
    }
    request.pause().once('data', keep)
  },
  'another pipe': (request, kept) => {
    const copy = new PassThrough()
    copy.on('data', (chunk: Buffer) => kept.push(chunk))
    request.pipe(copy)
  },
  'a patched emit()': (request, kept) => {
    const emit = request.emit.bind(request) as (...args: unknown[]) => boolean
    Object.assign(request, {
      emit(event: string, ...args: unknown[]) {
        if (event === 'data') kept.push(args[0] as Buffer)
        return emit(event, ...args)
      },
    })
  },
  'a patched on()': (request, kept) => {
    const on = request.on.bind(request) as (...args: unknown[]) => IncomingMessage
    Object.assign(request, {
      on(event: string, listener: (chunk: Buffer) => void) {
        if (event !== 'data') return on(event, listener)
        return on(event, (chunk: Buffer) => {
          kept.push(chunk)
          listener(chunk)
        })
      },
    })
  },
}

for (const [name, observe] of Object.entries(OBSERVERS)) {
  for (const [way, take] of [
    ['written', pass],
    ['spooled', spool],
  ] as const) {
    void t.test(`BODY-1 ${name} has its chunks also after they are ${way}`, async (t) => {
      const kept: Buffer[] = []
      const receipt = await receive(t, (message) =>
        take(message, (request) => {
          observe(request, kept)
          return request
        }),
      )
      assert.equal(receipt.digest, digest(BODY))
      assert.ok(kept.length > 0)
      assert.ok(kept.every(({ length }) => length > 0))
    })
  }
}

void t.test('BODY-1 the chunks of a stream that is no request of node:http stay', async (t) => {
  const receipt = await receive(t, (request) =>
    pass(request, () => request.pipe(new PassThrough())),
  )
  assert.deepEqual(receipt, { digest: digest(BODY), freed: 0 })
})

void t.test('BODY-2 a body that another listener lets flow is received to its end', async () => {
  const source = new Readable({ read() {} })
  const receiver = new ChunkReceiver(source, new AbortController().signal)
  const next = async (): Promise<string> => {
    return String(await receiver.next(1_000, 'CGI_ERR_BODY_STALLED'))
  }
  source.push('a')
  assert.equal(await next(), 'a')
  source.resume()
  await new Promise(setImmediate)
  // A chunk that comes in a microtask is asked for before the ticks that it has queued.
  await Promise.resolve()
  source.push('b')
  assert.equal(await Promise.resolve().then(next), 'b')
  setImmediate(() => source.push('c'))
  assert.equal(await next(), 'c')
  receiver.close()
})

void t.test('BODY-1 only a chunk that has its memory for itself is freed', async () => {
  const size = 64 * 1024
  const alone = Buffer.allocUnsafeSlow(size)
  const part = Buffer.allocUnsafeSlow(2 * size).subarray(size)
  const small = Buffer.allocUnsafeSlow(100)
  const foreign = Buffer.allocUnsafeSlow(size)
  for (const chunk of [alone, part, small]) ownChunk(chunk)
  for (const chunk of [alone, part, small, foreign]) freeChunk(chunk)
  assert.deepEqual(
    [alone, part, small, foreign].map(({ length }) => length),
    [0, size, 100, size],
  )
  // Again: nothing happens.
  freeChunk(alone)
})
