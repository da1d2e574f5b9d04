import expressCgi from '@common-gateway/express'
import fastifyCgi from '@common-gateway/fastify'
import middie from '@fastify/middie'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import Fastify from 'fastify'
import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingMessage,
  request,
  type RequestListener,
  type Server,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { exchange, receive, send } from './support/client.js'
import { CGI_BIN, saying } from './support/fixtures.js'

const options = { root: CGI_BIN, logger: { warn(): void {}, error(): void {} } }

/** Adds listeners to what a host sees, and returns the warnings of a leak. */
type Start = (addListeners: RequestListener) => Promise<Server>

async function startWith(
  listener: RequestListener,
  addListeners: RequestListener,
): Promise<Server> {
  const server = createServer()
  server.on('request', addListeners).on('request', listener)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const hosts: Record<string, Start> = {
  'node:http': (add) => {
    const gateway = expressCgi(options)
    return startWith(
      (req, res) =>
        gateway(req, res, (error) => {
          const status =
            error instanceof Error && 'statusCode' in error ? Number(error.statusCode) : 404
          res.writeHead(status).end()
        }),
      add,
    )
  },
  'Express 5': (add) => startWith(createExpress5().use(expressCgi(options)), add),
  'Express 4': (add) => startWith(createExpress4().use(expressCgi(options) as never), add),
  'Express 5, two gateways': (add) => {
    const app = createExpress5()
    app.use(expressCgi({ ...options, prefix: '/other' }), expressCgi(options))
    return startWith(app, add)
  },
  async 'Fastify 5'(add) {
    const app = Fastify()
    app.addHook('onRequest', async ({ raw }, reply) => add(raw, reply.raw as never))
    await app.register(fastifyCgi, { root: CGI_BIN })
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
  async 'Fastify 5, with a middleware'(add) {
    const app = Fastify()
    await app.register(middie)
    app.use(
      (
        raw: Parameters<RequestListener>[0],
        response: Parameters<RequestListener>[1],
        next: () => void,
      ) => {
        add(raw, response)
        next()
      },
    )
    app.use(expressCgi(options))
    await app.listen({ port: 0, host: '127.0.0.1' })
    return app.server
  },
}

const ofResponse = ['close', 'finish', 'error', 'drain', 'pipe', 'unpipe']
const ofRequest = ['close', 'end', 'error', 'aborted', 'resume', 'pause']
const ofSocket = ['close', 'end', 'error', 'drain', 'timeout', 'finish']

void t.test('LIFE-1 Node warns of no leak with two listeners of the application', async (t) => {
  for (const [name, start] of Object.entries(hosts)) {
    void t.test(`LIFE-1 whatever scripts do (${name})`, async (t) => {
      const warnings = watchWarnings(t)
      const server = await start((message, response) => {
        for (const event of ofResponse) response.on(event, ignore).on(event, ignore)
        for (const event of ofRequest) message.on(event, ignore).on(event, ignore)
      })
      server.on('connection', (socket) => {
        for (const event of ofSocket) socket.on(event, ignore).on(event, ignore)
      })
      t.after(async () => {
        server.close()
        server.closeAllConnections()
      })
      // A server that listens on a port has an address of this kind.
      const { port } = server.address() as AddressInfo
      const body = Buffer.alloc(300_000, 'x')
      const slowly = saying('Content-Type: text/plain\n\nslowly', true)
      assert.equal((await send(port, slowly)).text, 'slowly')
      assert.equal((await send(port, slowly, { method: 'HEAD' })).text, '')
      const sent = await send(port, '/cgi-bin/echo.cgi', { method: 'POST', body })
      assert.equal(sent.bytes.length, body.length)
      await send(port, '/cgi-bin/ignore-input.cgi', { method: 'POST', body })
      assert.equal((await send(port, '/cgi-bin/none.cgi')).status, 404)
      // Ten redirects, and for each the application adds its own once more.
      assert.equal((await send(port, '/cgi-bin/loop.cgi')).status, 502)
      assert.equal((await send(port, '/cgi-bin/loop.cgi', { method: 'POST', body })).status, 502)
      // Many requests on one connection, one after the other, and all at once.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      for (let count = 0; count < 15; count += 1) {
        const asked = request({ port, host: '127.0.0.1', path: slowly, agent }).end()
        const [answer] = await once(asked, 'response')
        assert.equal((await receive(answer)).text, 'slowly')
      }
      agent.destroy()
      const pipelined = `GET ${slowly} HTTP/1.1\r\nHost: a\r\n\r\n`.repeat(15)
      const last = 'GET /cgi-bin/none.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
      // By their status lines: the words may come in several chunks.
      const answers = await exchange(port, pipelined + last)
      assert.equal(answers.match(/HTTP\/1\.1 200 /g)?.length, 15)
      assert.deepEqual(warnings, [])
    })
  }
})

/** What may keep the chunks of a body. */
const watchers: Record<string, (message: IncomingMessage, keep: (chunk: Buffer) => void) => void> =
  {
    'a listener that is added when the body begins': (message, keep) => {
      message.once('resume', () => message.on('data', keep))
    },
    'its own emit()': (message, keep) => {
      const emit = message.emit.bind(message)
      message.emit = (event: string, ...rest: unknown[]) => {
        if (event === 'data') keep(rest[0] as Buffer)
        return emit(event, ...rest)
      }
    },
  }

for (const [name, start] of Object.entries(hosts)) {
  for (const [watcher, watch] of Object.entries(watchers)) {
    void t.test(`BODY-1 what ${watcher} keeps of a body stays whole (${name})`, async (t) => {
      const kept: Buffer[] = []
      const server = await start((message) => watch(message, (chunk) => kept.push(chunk)))
      t.after(async () => {
        server.close()
        server.closeAllConnections()
      })
      // A server that listens on a port has an address of this kind.
      const { port } = server.address() as AddressInfo
      const body = randomBytes(1_000_000)
      const sent = await send(port, '/cgi-bin/echo.cgi', { method: 'POST', body })
      assert.ok(sent.bytes.equals(body))
      assert.ok(Buffer.concat(kept).equals(body))
    })
  }
  void t.test(
    `BODY-1 an upload takes no memory for chunks that the script has (${name})`,
    async (t) => {
      let most = 0
      const server = await start((message) => {
        message.on('pause', () => (most = Math.max(most, process.memoryUsage().arrayBuffers)))
        message.on('resume', () => (most = Math.max(most, process.memoryUsage().arrayBuffers)))
      })
      t.after(async () => {
        server.close()
        server.closeAllConnections()
      })
      // A server that listens on a port has an address of this kind.
      const { port } = server.address() as AddressInfo
      const piece = Buffer.alloc(1024 * 1024)
      const before = process.memoryUsage().arrayBuffers
      const sent = await send(port, '/cgi-bin/digest.cgi', {
        method: 'POST',
        body: Readable.from(Array.from({ length: 100 }, () => piece)),
        headers: ['Content-Length', String(100 * piece.length)],
      })
      assert.match(sent.text, /^promised=104857600\n\d+ 104857600\n$/)
      assert.ok(most > 0)
      assert.ok(most - before < 12 * 1024 * 1024, `${most - before} bytes`)
    },
  )
}

void t.test('BODY-1 the payload of inject() stays whole', async (t) => {
  const app = Fastify()
  await app.register(fastifyCgi, { root: CGI_BIN })
  t.after(() => app.close())
  const payload = randomBytes(300_000)
  const copy = Buffer.from(payload)
  const { rawPayload } = await app.inject({ method: 'POST', url: '/cgi-bin/echo.cgi', payload })
  assert.ok(rawPayload.equals(copy))
  assert.ok(payload.equals(copy))
})

/** Collects what Node says of leaks until the test is over. */
function watchWarnings(t: Test): string[] {
  const warnings: string[] = []
  const take = (warning: Error): void => {
    if (warning.name === 'MaxListenersExceededWarning') warnings.push(warning.message)
  }
  process.on('warning', take)
  t.after(() => process.off('warning', take))
  return warnings
}

function ignore(): void {}
