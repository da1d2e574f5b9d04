import compression from 'compression'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { setImmediate as turn, setTimeout as delay } from 'node:timers/promises'
import { dial, readToEnd, readUntil } from '../../support/client.js'
import { momentNow } from '@internal/core/data/moment.js'
import { allowHalfClose } from '@internal/core/http/half-close.js'

type HalfClosable = Parameters<typeof allowHalfClose>[2][number]

/** A connection on which one side has been closed: the client's end and the server's, and the response. */
interface HalfClosed {
  readonly client: Socket
  readonly socket: Socket
  readonly response: ServerResponse
}

/** Sends a request and closes the sending side with it. */
async function halfClose(t: Test, answer: RequestListener, version = '1.1'): Promise<HalfClosed> {
  const server = createServer()
  t.after(() => server.close().closeAllConnections())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const answered = new Promise<Omit<HalfClosed, 'client'>>((resolve) => {
    server.once('request', (message, response) => {
      const { socket } = message
      const completedAt = momentNow()
      const exchanges: HalfClosable[] = [{ message, response, completedAt, isNonParsed: false }]
      response.once('close', () => exchanges.splice(0))
      allowHalfClose(socket, server, exchanges)
      socket.once('end', () => resolve({ socket, response }))
      answer(message, response)
    })
  })
  // A server that listens on a port has an address of this kind.
  const client = await dial((server.address() as AddressInfo).port)
  const fields = 'Host: a\r\nAccept-Encoding: br\r\nConnection: close\r\n'
  client.end(`GET / HTTP/${version}\r\n${fields}\r\n`)
  const { socket, response } = await answered
  return { client, socket, response }
}

/** Lets what has been written arrive, and its consequences. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn()
}

void t.test(
  'LIFE-5 a client that is between two chunks is asked at once, by what it does not see',
  async (t) => {
    t.after(() => mock.reset())
    mock.timers.enable({ apis: ['setTimeout'] })
    const { client, response } = await halfClose(t, (_message, own) => own.write('a'))
    await readUntil(client, /\r\n1\r\na\r\n$/)
    const zero = readUntil(client, /^0$/)
    mock.timers.tick(1)
    await zero
    const rest = readToEnd(client)
    response.end('b')
    assert.equal(await rest, '1\r\nb\r\n0\r\n\r\n')
  },
)

void t.test(
  'LIFE-5, LIFE-1 one that has closed both sides at once is found out without a wait',
  async (t) => {
    t.after(() => mock.reset())
    mock.timers.enable({ apis: ['setTimeout'] })
    const { client, socket } = await halfClose(t, (_message, own) => own.write('a'))
    await readUntil(client, /\r\n1\r\na\r\n$/)
    client.destroy()
    await once(client, 'close')
    // Not once(): it would reject with the error of the second probe, which the server has handled.
    const closed = new Promise((resolve) => socket.once('close', resolve))
    mock.timers.tick(1)
    await settle()
    // The first question is answered by a reset, and the second fails.
    mock.timers.tick(100)
    await closed
  },
)

void t.test(
  'LIFE-5 a client that waits for the header of a quick answer sees nothing else',
  async (t) => {
    t.after(() => mock.reset())
    mock.timers.enable({ apis: ['setTimeout'] })
    const { client, response } = await halfClose(t, () => {})
    mock.timers.tick(900)
    await settle()
    const answer = readToEnd(client)
    response.end('whole')
    assert.match(await answer, /^HTTP\/1\.1 200 OK\r\n/)
  },
)

void t.test(
  'LIFE-5 a client of HTTP/1.0 that has closed its side at once waits, however late a busy process sees it',
  async (t) => {
    const { client, response } = await halfClose(t, () => keepBusy(300), '1.0')
    // One that has gone is given up after 100 ms.
    await delay(300)
    const answer = readToEnd(client)
    response.end('whole')
    assert.match(await answer, /\r\n\r\nwhole$/)
  },
)

void t.test('LIFE-5 one that closes its side later has gone', async (t) => {
  const { socket } = await halfClose(t, () => keepBusy(1_100), '1.0')
  await new Promise((resolve) => socket.once('close', resolve))
})

/** Keeps the event loop from what waits for it, in milliseconds. */
function keepBusy(duration: number): void {
  const end = performance.now() + duration
  while (performance.now() < end);
}

/** What makes a header, and holds it back. */
const HOLDERS: readonly [what: string, answer: RequestListener][] = [
  [
    'a compression that has nothing to say yet',
    (message, response) => {
      compression({ threshold: 0 })(
        // It asks for no more than these have, but takes Express's types.
        message as Parameters<ReturnType<typeof compression>>[0],
        response as Parameters<ReturnType<typeof compression>>[1],
        () => {},
      )
      response.setHeader('Content-Type', 'text/html')
      response.write('a')
    },
  ],
  ['writeHead() alone', (_message, response) => void response.writeHead(200)],
  [
    'a middleware that keeps the first bytes',
    (_message, response) => {
      const end = response.end.bind(response)
      response.write = () => true
      response.end = () => end('late')
      response.writeHead(200, { 'X-Own': 'a' })
      response.write('a')
    },
  ],
]

for (const [what, answer] of HOLDERS) {
  void t.test(
    `LIFE-5 nothing comes before the status line but interim responses: ${what}`,
    async (t) => {
      const { client, response } = await halfClose(t, answer)
      assert.equal(response.headersSent, true)
      const asked = readUntil(client, /^HTTP\/1\.1 102 Processing\r\n\r\n/)
      await asked
      const rest = readToEnd(client)
      response.end()
      assert.match(await rest, /^HTTP\/1\.1 200 OK\r\n/)
    },
  )
}
