import cgi from '@common-gateway/express'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer, IncomingMessage, type RequestListener } from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { inspect } from 'node:util'
import morgan from 'morgan'
import t, { type Test } from 'tap'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

/** What Express 4 and 5 have in common here. */
interface Application extends RequestListener {
  set(name: string, value: unknown): unknown
  use(middleware: unknown): unknown
  use(path: string, middleware: unknown): unknown
}

const options = { root: CGI_BIN, errorPage: false, logger: { warn() {}, error() {} } }

async function listen(t: Test, app: RequestListener): Promise<number> {
  const server = createServer(app).listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

for (const [name, create] of [
  ['Express 4', createExpress4],
  ['Express 5', createExpress5],
] as const) {
  // Each version has types of its own; this is the part that they share.
  const start = (): Application => create() as Application

  void t.test(`LOG-2 request.cgi for morgan and error handlers (${name})`, async (t) => {
    const app = start()
    const lines: string[] = []
    morgan.token('script', (request: IncomingMessage) => request.cgi?.scriptName)
    morgan.token('failure', (request: IncomingMessage) => request.cgi?.error?.code)
    app.use(
      morgan(':url :status :script :failure', { stream: { write: (line) => lines.push(line) } }),
    )
    app.use('/one', cgi(options))
    app.use('/two', cgi(options))
    app.use((error: unknown, { cgi: run }: IncomingMessage, response: unknown, next: unknown) => {
      assert.equal(run?.error, error)
      // An error handler has four parameters; Express tells it by their number.
      const goOn = next as (error: unknown) => void
      goOn(Object.assign(new Error('handled'), { statusCode: 418, response }))
    })
    app.set('env', 'test')
    const port = await listen(t, app)
    await send(port, '/one/echo.cgi')
    await send(port, '/two/echo.cgi')
    const bad = saying('Bad Name: x\n\n').replace('/cgi-bin', '/two')
    assert.equal((await send(port, bad)).status, 418)
    await send(port, '/none')
    assert.deepEqual(
      lines.map((line) => line.replace(/\?\S+/, '').trim()),
      [
        '/one/echo.cgi 200 /one/echo.cgi -',
        '/two/echo.cgi 200 /two/echo.cgi -',
        '/two/say.cgi 418 /two/say.cgi CGI_ERR_BAD_HEADER',
        '/none 404 - -',
      ],
    )
  })

  void t.test(
    `LOG-2 a gateway that passes a request on leaves it without a run (${name})`,
    async (t) => {
      const app = start()
      app.use('/tools', cgi(options))
      app.use(
        '/tools',
        ({ cgi: run }: IncomingMessage, { end }: { end: unknown }, next: () => void) => {
          assert.equal(run, null)
          assert.equal(typeof end, 'function')
          next()
        },
      )
      app.use('/tools', cgi({ ...options, extensions: ['.cgi'] }))
      app.use((request: IncomingMessage, response: { end: (text: string) => void }) => {
        response.end(JSON.stringify([request.cgi, Object.keys(request).includes('cgi')]))
      })
      const port = await listen(t, app)
      assert.equal((await send(port, '/tools/none.cgi')).text, '[null,false]')
      assert.equal((await send(port, '/other')).text, '[null,false]')
    },
  )
}

/** Has a gateway of node:http answer a request, and returns what `request.cgi` is after the response. */
async function shownBy(t: Test, change: (request: IncomingMessage) => void): Promise<unknown> {
  const gateway = cgi(options)
  const requests: IncomingMessage[] = []
  const port = await listen(t, (request, response) => {
    requests.push(request)
    change(request)
    gateway(request, response, (error) => response.end(String(error)))
  })
  assert.equal((await send(port, saying('Content-Type: text/plain\n\nhello'))).text, 'hello')
  const [request] = requests
  assert.ok(request)
  assert.equal(inspect(request).includes('Exchange'), false)
  return request.cgi
}

void t.test('LOG-2 what an application keeps as request.cgi stays', async (t) => {
  const own = { mine: true }
  assert.equal(await shownBy(t, (request) => Object.assign(request, { cgi: own })), own)
  assert.equal(
    await shownBy(t, (request) => Object.defineProperty(request, 'cgi', { value: own })),
    own,
  )
  assert.equal(await shownBy(t, (request) => Object.setPrototypeOf(request, inheriting(own))), own)
  assert.notEqual(await shownBy(t, () => {}), undefined)
})

void t.test('LOG-2 what it assigns behind a gateway takes its place', async (t) => {
  const gateway = cgi(options)
  const own = { mine: true }
  const port = await listen(t, (request, response) => {
    gateway(request, response, () => {
      Object.assign(request, { cgi: own })
      gateway(request, response, () => response.end(JSON.stringify(request.cgi)))
    })
  })
  assert.equal((await send(port, '/cgi-bin/none.cgi')).text, '{"mine":true}')
})

/** What Express makes of `app.request.cgi = own`. */
function inheriting(own: object): object {
  return Object.assign(Object.create(IncomingMessage.prototype) as object, { cgi: own })
}

void t.test('LOG-2 request.cgi after a local redirect over HTTP/2', async (t) => {
  const gateway = cgi(options)
  const server = http2.createServer((request, response) => {
    // Requests of HTTP/2 are compatible, but their types are others.
    const next = (): unknown =>
      response.end(JSON.stringify((request as unknown as IncomingMessage).cgi))
    Reflect.apply(gateway, undefined, [request, response, next])
  })
  server.listen(0, '127.0.0.1')
  t.after(() => server.close())
  await once(server, 'listening')
  const client = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  t.after(() => client.close())
  const read = async (url: string): Promise<string> => text(client.request({ ':path': url }))
  // Of one that comes to no gateway, it is the null of the first.
  assert.equal(await read(saying('Location: /page\n\n')), 'null')
  assert.equal(await read(saying('Location: /cgi-bin/none.cgi\n\n')), 'null')
})
