import cgi, { messageClasses } from '@common-gateway/express'
import createConnect from 'connect'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import { strict as assert } from 'node:assert'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import {
  createServer,
  IncomingMessage,
  type RequestListener,
  type Server,
  ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { send } from '../support/client.js'
import { CERTIFICATE, CGI_BIN, KEY } from '../support/fixtures.js'

/** What Express 4 and 5 have in common here. */
interface Application extends RequestListener {
  readonly request: object
  readonly response: object
  readonly mountpath: string
  set(name: string, value: unknown): unknown
  use(...middlewares: unknown[]): unknown
  get(path: string, ...handlers: unknown[]): unknown
}

interface Request extends IncomingMessage {
  readonly app: Application
  readonly ip: string
  readonly hostname: string
}

interface Response extends ServerResponse {
  readonly app: Application
  json(value: unknown): unknown
}

// Each version has types of its own; the interface above is the part that they share.
const VERSIONS = {
  'Express 4': createExpress4 as unknown as () => Application,
  'Express 5': createExpress5 as unknown as () => Application,
}

async function listen(t: Test, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

for (const [version, create] of Object.entries(VERSIONS)) {
  /** An application with a gateway, and with another application mounted in it. */
  function createApplication(t: Test): Application {
    const app = create()
    const inner = create()
    const gateway = cgi({ root: CGI_BIN })
    t.after(() => gateway.close())
    inner.set('trust proxy', true)
    inner.get('/view', (request: Request, response: Response) => {
      response.json({ ip: request.ip, isInner: request.app === inner && response.app === inner })
    })
    app.use('/inner', inner)
    app.get('/view', (request: Request, response: Response) => {
      const { ip, hostname } = request
      const isOuter = request.app === app && response.app === app
      const isNative = request instanceof IncomingMessage && response instanceof ServerResponse
      response.json({ ip, hostname, isOuter, isNative })
    })
    app.use(gateway)
    return app
  }

  async function assertServes(peer: Parameters<typeof send>[0]): Promise<void> {
    const outer = { ip: '127.0.0.1', hostname: '127.0.0.1', isOuter: true, isNative: true }
    const headers = ['X-Forwarded-For', '192.0.2.7']
    assert.deepEqual(JSON.parse((await send(peer, '/view', { headers })).text), outer)
    const inner = { ip: '192.0.2.7', isInner: true }
    assert.deepEqual(JSON.parse((await send(peer, '/inner/view', { headers })).text), inner)
    const script = await send(peer, '/cgi-bin/echo.cgi/a?b', { method: 'POST', body: 'hello' })
    assert.equal(script.status, 200)
    assert.match(script.text, /hello/)
    // The application mounted in it has no such path: the prototypes of the outer one are back.
    const missing = await send(peer, '/inner/nothing')
    assert.equal(missing.status, 404)
    assert.match(missing.text, /Cannot GET \/inner\/nothing/)
  }

  void t.test(`messageClasses() with ${version} over HTTP`, async (t) => {
    const app = createApplication(t)
    await assertServes(await listen(t, createServer(messageClasses(app), app)))
  })

  void t.test(`messageClasses() with ${version} over HTTPS, beside other options`, async (t) => {
    const app = createApplication(t)
    const options = { key: KEY, cert: CERTIFICATE, maxHeaderSize: 2_000, ...messageClasses(app) }
    const port = await listen(t, createSecureServer(options, app))
    const peer = { port, httpVersion: 1, scheme: 'https' } as const
    await assertServes(peer)
    const headers = ['X-Long', 'x'.repeat(4_000)]
    assert.equal((await send(peer, '/view', { headers })).status, 431)
  })

  void t.test(`messageClasses() with ${version} answers as app.listen() does`, async (t) => {
    const app = createApplication(t)
    const ports = [
      await listen(t, createServer(app)),
      await listen(t, createServer(messageClasses(app), app)),
    ]
    for (const path of ['/view', '/cgi-bin/echo.cgi', '/cgi-bin/nothing', '/inner', '/%']) {
      const answers = await Promise.all(ports.map((port) => send(port, path)))
      const [plain, created] = answers.map(({ status, fields, text }) => ({
        status,
        // How a script's answer is framed depends on when its end is read.
        fields: fields.filter(([name]) => !/^(Date|Content-Length|Transfer-Encoding)$/.test(name)),
        text: text.replaceAll(/_PORT=\d+/g, 'PORT'),
      }))
      assert.deepEqual(created, plain, path)
    }
  })
}

/** Express adds properties; so do other middlewares. */
const COUNT_HIDDEN_CLASSES = `
import { messageClasses } from ${JSON.stringify(import.meta.resolve('@common-gateway/express'))}
import createExpress from ${JSON.stringify(import.meta.resolve('express'))}
import { createServer, get } from 'node:http'
import { once } from 'node:events'

const seen = [[], []]
const app = createExpress()
app.use((request, response) => {
  request.user = 1
  response.user = 1
  seen[0].push(request)
  seen[1].push(response)
  response.end()
})
const server = createServer(messageClasses(app), app).listen(0, '127.0.0.1')
await once(server, 'listening')
for (let count = 0; count < 30; count += 1) {
  const [response] = await once(get({ port: server.address().port, host: '127.0.0.1' }), 'response')
  await once(response.resume(), 'end')
}
// The first ones are of the time when V8 still learns how large such an object becomes.
const counts = seen.map((objects) => {
  const latest = objects.slice(10)
  return latest.filter((one, index) => !latest.slice(0, index).some((other) => %HaveSameMap(one, other))).length
})
console.log(counts.join())
process.exit()
`

void t.test('messageClasses() gives all requests one hidden class, and all responses', async () => {
  const args = ['--allow-natives-syntax', '--input-type=module', '-e', COUNT_HIDDEN_CLASSES]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  assert.equal(stdout.trim(), '1,1')
})

void t.test('messageClasses() refuses what is no application of Express', async () => {
  for (const value of [undefined, null, {}, () => {}, createConnect(), { request: {} }]) {
    assert.throws(() => messageClasses(value as never), {
      name: 'TypeError',
      message: /^Expected an Express application, got a value without a prototype `request`$/,
    })
  }
})
