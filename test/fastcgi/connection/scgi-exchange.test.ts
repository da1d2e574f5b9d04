import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import type { Connection } from '@internal/fastcgi/connection/connection.js'
import { nextTurn } from '../scripted-upstream.js'
import { pour, write } from './content.js'
import { open, send, text } from './requests.js'

/** Starts an SCGI application, which is called with each connection. */
async function startScgi(
  t: Test,
  answer: (socket: Socket) => void,
): Promise<() => Promise<Connection>> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    answer(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  return () => open(t, { host: '127.0.0.1', port })
}

const SCGI = { protocol: 'scgi' } as const

void t.test('UP-1 an SCGI answer is all that comes before the end', async (t) => {
  const connect = await startScgi(t, (socket) => {
    let received = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      received += chunk
      if (received.endsWith('hello')) socket.end(`Status: 200\n\n${received.replaceAll('\0', ' ')}`)
    })
  })
  const connection = await connect()
  const exchange = send(connection, { ...SCGI, body: 5 })
  await write(exchange.stdin, 'hel')
  await pour(Buffer.from('lo'), exchange.stdin)
  assert.match(
    await text(exchange.stdout),
    /^Status: 200\n\n\d+:CONTENT_LENGTH 5 SCGI 1 .* ,hello$/,
  )
  assert.equal(await text(exchange.stderr), '')
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  assert.equal(connection.isOpen, false)
})

void t.test('UP-2 an SCGI connection that is reset is lost', async (t) => {
  let application: Socket | undefined
  const connect = await startScgi(t, (socket) => {
    application = socket.once('data', () => socket.write('partial'))
  })
  const exchange = send(await connect(), SCGI)
  const output = text(exchange.stdout)
  // Where data and reset come together, Node.js reports an end.
  while (!exchange.hasAnswerBegun) await nextTurn()
  application?.resetAndDestroy()
  await assert.rejects(output, { code: 'ECONNRESET' })
  assert.equal((await exchange.end).type, 'lost')
})

void t.test(
  'UP-1 an SCGI answer is whole though the application has not read the body',
  async (t) => {
    let application: Socket | undefined
    const connect = await startScgi(t, (socket) => {
      application = socket
      socket.once('data', () => {
        socket.pause()
        socket.write('answer')
      })
    })
    const exchange = send(await connect(), { ...SCGI, body: 10 })
    const output = text(exchange.stdout)
    while (!exchange.hasAnswerBegun) await nextTurn()
    await write(exchange.stdin, 'unread')
    // A socket that is closed with bytes to read is reset.
    application?.destroy()
    assert.equal(await output, 'answer')
    assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  },
)

void t.test('UP-4 abort closes an SCGI connection', async (t) => {
  let closed: Promise<unknown> | undefined
  const connect = await startScgi(t, (socket) => {
    closed = once(socket.resume(), 'close')
  })
  const connection = await connect()
  const exchange = send(connection, { ...SCGI, keepConnection: true })
  exchange.abort()
  assert.deepEqual(await exchange.end, { type: 'lost', error: undefined })
  assert.equal(connection.isOpen, false)
  await closed
})
