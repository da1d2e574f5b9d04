import assert from 'node:assert/strict'
import { once } from 'node:events'
import { fstatSync } from 'node:fs'
import {
  createServer,
  IncomingMessage,
  OutgoingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net'
import { PassThrough } from 'node:stream'
import t, { type Test } from 'tap'
import {
  copyRequest,
  descriptorOf,
  handleOf,
  isChunked,
  isHalfOpen,
  isHeaderWritten,
  isReadByNode,
  isWrittenByNode,
  muteResponse,
  responseOn,
  serverOf,
  setHalfOpen,
} from '@internal/core/data/node-internals.js'
import { dial, exchange, readToEnd, readUntil } from '../../support/client.js'
import { CERTIFICATE, KEY } from '../../support/fixtures.js'

// Each case fails where a release of Node.js changes what one function of node-internals.ts depends on.

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const LAST = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

async function listen(t: Test, server: Server): Promise<number> {
  t.after(() => server.close().closeAllConnections())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

/** The first request of a server and its response. */
async function firstOf(server: Server): Promise<[IncomingMessage, ServerResponse]> {
  // What node:http emits for a request.
  return (await once(server, 'request')) as [IncomingMessage, ServerResponse]
}

void t.test('serverOf() is the server that accepted a socket', async (t) => {
  const server = createServer()
  const client = await dial(await listen(t, server))
  client.write(GET)
  const [message, response] = await firstOf(server)
  assert.equal(serverOf(message.socket), server)
  response.end()
  client.destroy()
  assert.equal(serverOf(client), undefined)
})

void t.test('serverOf() knows the server of a TLS connection', async (t) => {
  const server = createTlsServer({ key: KEY, cert: CERTIFICATE }, (message, response) => {
    response.end(String(serverOf(message.socket) === server))
  })
  const port = await listen(t, server)
  const client = await dial({ port, scheme: 'https' })
  client.write(LAST)
  assert.match(await readToEnd(client), /true$/)
})

void t.test(
  'responseOn() is the response whose turn it is, and changes when that is sent',
  async (t) => {
    const server = createServer()
    const responses: ServerResponse[] = []
    server.on('request', (_message, response) => responses.push(response))
    const client = await dial(await listen(t, server))
    client.write(GET + GET)
    const [{ socket }] = await firstOf(server)
    while (responses.length < 2) await once(server, 'request')
    const [first, second] = responses
    assert.ok(first && second)
    assert.equal(responseOn(socket), first)
    assert.equal(second.socket, null)
    first.end()
    await once(first, 'close')
    assert.equal(responseOn(socket), second)
    second.end()
    await once(second, 'close')
    assert.equal(responseOn(socket), null)
    client.destroy()
  },
)

void t.test('isHeaderWritten() is false for a header that is composed only', async (t) => {
  const server = createServer()
  const client = await dial(await listen(t, server))
  client.write(GET)
  const [, response] = await firstOf(server)
  assert.equal(isHeaderWritten(response), false)
  response.writeHead(200)
  assert.deepEqual([response.headersSent, isHeaderWritten(response)], [true, false])
  response.write('a')
  // Node.js 26 collects what is written within a turn of the event loop.
  await new Promise(setImmediate)
  assert.equal(isHeaderWritten(response), true)
  client.destroy()
})

for (const [length, isExpected] of [
  ['2', false],
  [undefined, true],
] as const) {
  void t.test(`isChunked() is ${isExpected} where the Content-Length is ${length}`, async (t) => {
    const server = createServer()
    const client = await dial(await listen(t, server))
    client.write(GET)
    const [, response] = await firstOf(server)
    if (length !== undefined) response.setHeader('Content-Length', length)
    response.write('a')
    assert.equal(isChunked(response), isExpected)
    client.destroy()
  })
}

void t.test(
  'muteResponse() leaves the connection to others, and the response ends as ever',
  async (t) => {
    const finished: Promise<unknown>[] = []
    const server = createServer((message, response) => {
      muteResponse(response)
      finished.push(once(response, 'finish'))
      response.write('unheard', () => message.socket.write('raw '))
      response.end('unheard', () => message.socket.end('bytes'))
    })
    assert.equal(await exchange(await listen(t, server), GET), 'raw bytes')
    assert.equal(finished.length, 1)
    await Promise.all(finished)
  },
)

for (const isAllowed of [true, false]) {
  void t.test(
    `setHalfOpen(${isAllowed}) says what becomes of a connection whose client has ended its side`,
    async (t) => {
      const server = createServer()
      const port = await listen(t, server)
      assert.equal(isHalfOpen(server), false)
      setHalfOpen(server, isAllowed)
      assert.equal(isHalfOpen(server), isAllowed)
      const client = await dial(port)
      client.end(GET)
      const [{ socket }, response] = await firstOf(server)
      if (!socket.readableEnded) await once(socket, 'end')
      assert.equal(socket.writableEnded, !isAllowed)
      if (isAllowed) response.end('answered')
      assert.equal((await readToEnd(client)).endsWith('answered'), isAllowed)
    },
  )
}

void t.test(
  'setHalfOpen() can be called between two listeners for the end of a socket',
  async (t) => {
    const server = createServer()
    server.on('connection', (socket: Socket) => {
      socket.prependListener('end', () => setHalfOpen(server, true))
      socket.on('end', () => setHalfOpen(server, false))
    })
    const client = await dial(await listen(t, server))
    client.end(GET)
    const [{ socket }, response] = await firstOf(server)
    if (!socket.readableEnded) await once(socket, 'end')
    response.end('answered')
    assert.match(await readToEnd(client), /answered$/)
  },
)

for (const scheme of ['http', 'https'] as const) {
  void t.test(
    `handleOf() counts the bytes that ${scheme} hands to the system, and those that it holds`,
    async (t) => {
      const options = { key: KEY, cert: CERTIFICATE }
      const server = scheme === 'http' ? createServer() : createTlsServer(options)
      const client = await dial({ port: await listen(t, server), scheme })
      client.pause()
      client.write(GET)
      const [{ socket }, response] = await firstOf(server)
      const size = 32 * 1024 * 1024
      response.end(Buffer.alloc(size))
      const handle = handleOf(socket)
      assert.ok(handle?.bytesWritten !== undefined && handle.writeQueueSize !== undefined)
      if (process.platform !== 'win32') assert.ok((handle.fd ?? -1) > 2)
      const before = handle.bytesWritten - handle.writeQueueSize
      // No client's system takes so much while the client reads nothing.
      assert.ok(handle.writeQueueSize > 0 || socket.writableLength > 0)
      client.on('data', () => {}).resume()
      await once(response, 'finish')
      assert.ok(handle.bytesWritten - handle.writeQueueSize >= before + size / 2)
      assert.ok(handle.bytesWritten >= size)
      client.destroy()
    },
  )
}

void t.test(
  'isWrittenByNode() is true for what Node has made, and false where a method was replaced',
  async (t) => {
    const server = createServer()
    const client = await dial(await listen(t, server))
    client.write(GET)
    const [{ socket }, response] = await firstOf(server)
    assert.equal(isWrittenByNode(response), true)
    for (const [owner, name] of [
      [response, 'write'],
      [socket, 'write'],
      [socket, '_write'],
      [socket, '_writev'],
    ] as const) {
      Object.assign(owner, { [name]: () => true })
      assert.equal(isWrittenByNode(response), false, name)
      Reflect.deleteProperty(owner, name)
      assert.equal(isWrittenByNode(response), true, name)
    }
    client.destroy()
  },
)

void t.test(
  'isWrittenByNode() is false for HTTP/2, whose responses are of another class',
  async (t) => {
    const server = createHttp2Server()
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    t.after(() => server.close())
    // A server that listens on a port has an address of this kind.
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    t.after(() => session.destroy())
    session.request({ ':path': '/' }).resume()
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    assert.ok(!(response instanceof OutgoingMessage))
    assert.equal(isWrittenByNode(response), false)
  },
)

void t.test(
  'isWrittenByNode(): a chunk is not read again once the write after it has been called back',
  async (t) => {
    const server = createServer()
    const client = await dial(await listen(t, server))
    client.write(LAST)
    const [, response] = await firstOf(server)
    const size = 4 * 1024 * 1024
    const chunk = Buffer.alloc(size, 'a')
    response.setHeader('Content-Length', size)
    response.write(chunk)
    let isBack = false
    response.write(Buffer.alloc(0), () => {
      isBack = true
      chunk.fill('b')
    })
    // The client has read nothing, so the system cannot have taken all of it.
    await new Promise(setImmediate)
    assert.equal(isBack, false)
    response.end()
    const received = await readToEnd(client)
    assert.equal(isBack, true)
    assert.equal(received.slice(received.indexOf('\r\n\r\n') + 4), 'a'.repeat(size))
  },
)

void t.test('copyRequest() makes a request that is read like one that has come', async (t) => {
  const server = createServer()
  const client = await dial(await listen(t, server))
  client.write('POST / HTTP/1.1\r\nHost: a\r\nX-A: b\r\nContent-Length: 1\r\n\r\nc')
  const [message, response] = await firstOf(server)
  const copy = copyRequest(message)
  assert.ok(copy instanceof IncomingMessage)
  assert.equal(copy.socket, message.socket)
  assert.deepEqual([copy.httpVersion, copy.complete], ['1.1', true])
  assert.deepEqual(copy.rawHeaders, message.rawHeaders)
  assert.deepEqual(copy.headers, message.headers)
  assert.deepEqual(copy.headersDistinct['x-a'], ['b'])
  delete copy.headers['x-a']
  copy.rawHeaders.length = 0
  assert.equal(message.headers['x-a'], 'b')
  assert.equal(message.rawHeaders.length, 6)
  assert.deepEqual(await copy.toArray(), [])
  const rest = readUntil(client, /\r\n\r\n/)
  response.end()
  assert.match(await rest, /^HTTP\/1\.1 200 /)
  client.destroy()
})

void t.test('descriptorOf() is the descriptor of a socket that listens', async (t) => {
  const server = createSocketServer()
  assert.equal(descriptorOf(server), undefined)
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const descriptor = descriptorOf(server)
  assert.ok(descriptor !== undefined && fstatSync(descriptor).isSocket())
})

void t.test('isReadByNode() finds chunks of a request that have memory of their own', async (t) => {
  const server = createServer()
  const client = await dial(await listen(t, server))
  const size = 256 * 1024
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.write(Buffer.alloc(size))
  const [message] = await firstOf(server)
  assert.equal(isReadByNode(message), true)
  const memories = new Set<ArrayBufferLike>()
  let chunks = 0
  for await (const chunk of message as AsyncIterable<Buffer>) {
    chunks += 1
    memories.add(chunk.buffer)
    assert.equal(chunk.length, chunk.buffer.byteLength)
  }
  assert.equal(memories.size, chunks)
  client.destroy()
})

void t.test('isReadByNode() finds methods that are not Node’s, and other streams', async (t) => {
  const server = createServer()
  const client = await dial(await listen(t, server))
  client.write(GET)
  const [message] = await firstOf(server)
  for (const name of ['emit', 'on', 'pipe', 'push', 'read', '_read']) {
    const method: unknown = Reflect.get(message, name)
    assert.equal(isReadByNode(message), true)
    Object.assign(message, { [name]: () => {} })
    assert.equal(isReadByNode(message), false, name)
    Object.assign(message, { [name]: method })
  }
  assert.equal(isReadByNode(new PassThrough()), false)
  client.destroy()
})
