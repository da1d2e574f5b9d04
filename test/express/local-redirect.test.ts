import cgi, { isLocalRedirect } from '@common-gateway/express'
import cgiPlugin from '@common-gateway/fastify'
import fastifyExpress from '@fastify/express'
import connect from 'connect'
import createExpress5 from 'express'
import { unless } from 'express-unless'
import createExpress4 from 'express4'
import Fastify from 'fastify'
import morgan from 'morgan'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { pinoHttp } from 'pino-http'
import { exchange, send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

/** An application of any framework that has Express's middlewares. */
interface Application extends RequestListener {
  use(...middleware: unknown[]): unknown
}

/** What middlewares leave on a request. */
interface SeenRequest extends IncomingMessage {
  readonly originalUrl?: string | undefined
  user?: string
}

type Next = (error?: unknown) => void

const frameworks: readonly [name: string, create: () => Application][] = [
  ['Express 5', () => createExpress5()],
  ['Express 4', () => createExpress4()],
  ['Connect', () => connect()],
]

const root = CGI_BIN
const redirectTo = (url: string): string => saying(`Location: ${url}\n\n`)

async function listen(t: Test, app: RequestListener): Promise<number> {
  const server = createServer(app).listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

/** The last middleware: says what it sees. */
function secret(request: SeenRequest, response: ServerResponse): void {
  response.end(`secret for ${request.user ?? 'nobody'} at ${request.originalUrl}`)
}

for (const [name, create] of frameworks) {
  void t.test(`a local redirect (${name})`, async (t) => {
    const guards: readonly [what: string, isPrivate: (request: SeenRequest) => boolean][] = [
      ['originalUrl', ({ originalUrl = '' }) => originalUrl.startsWith('/private')],
      ['url', ({ url = '' }) => url.startsWith('/private')],
      ['all but the scripts', ({ originalUrl = '' }) => !originalUrl.startsWith('/cgi-bin/')],
    ]
    for (const [what, isPrivate] of guards) {
      void t.test(`RES-2 does not pass by a guard that looks at ${what}`, async (t) => {
        const app = create()
        app.use((request: SeenRequest, response: ServerResponse, next: Next) => {
          if (!isPrivate(request)) return next()
          response.statusCode = 401
          response.end('no')
        })
        app.use(cgi({ root }))
        app.use(secret)
        const port = await listen(t, app)
        for (const url of [
          '/private',
          redirectTo('/private'),
          redirectTo(redirectTo('/private/x?y')),
        ]) {
          assert.equal((await send(port, url)).status, 401, url)
        }
      })
    }

    void t.test('RES-2 does not pass by express-unless', async (t) => {
      const app = create()
      const guard = Object.assign(
        (_request: unknown, response: ServerResponse): void => {
          response.statusCode = 401
          response.end('no')
        },
        { unless },
      )
      app.use(guard.unless({ path: [/^\/cgi-bin\//] }))
      app.use(cgi({ root }))
      app.use(secret)
      const port = await listen(t, app)
      assert.equal((await send(port, '/private')).status, 401)
      assert.equal((await send(port, redirectTo('/private'))).status, 401)
      assert.equal((await send(port, redirectTo('/cgi-bin/report.cgi'))).status, 200)
    })

    void t.test('RES-2 takes nothing along that the first pass found out', async (t) => {
      const app = create()
      app.use('/cgi-bin', (request: SeenRequest, response: ServerResponse, next: Next) => {
        request.user = 'ann'
        Object.assign(response, { locals: { isAdmin: true } })
        response.setHeader('Cache-Control', 'public, max-age=60')
        response.setHeader('Set-Cookie', ['a=1'])
        response.statusCode = 207
        next()
      })
      app.use(cgi({ root, prefix: '/cgi-bin' }))
      app.use((request: SeenRequest, response: ServerResponse & { locals?: object }) => {
        response.setHeader('X-Locals', JSON.stringify({ ...response.locals }))
        secret(request, response)
      })
      const answer = await send(await listen(t, app), redirectTo('/private'), {
        method: 'POST',
        body: 'x',
      })
      assert.equal(answer.status, 200)
      assert.equal(answer.text, 'secret for nobody at /private')
      assert.deepEqual(answer.all('cache-control'), [])
      assert.deepEqual(answer.all('x-locals'), ['{}'])
      assert.deepEqual(answer.all('set-cookie'), ['a=1'])
    })

    void t.test(
      'RES-2 an access log that asks has one line, with the URL of the client',
      async (t) => {
        const app = create()
        const lines: string[] = []
        let tell = (): void => {}
        const told = new Promise<void>((resolve) => {
          tell = resolve
        })
        app.use(
          morgan(':method :url :status', {
            skip: isLocalRedirect,
            stream: { write: (line) => lines.push(line.trim()) },
          }),
        )
        const write = (line: string): void => {
          const { req } = JSON.parse(line) as { req: { url: string } }
          lines.push(`pino ${req.url}`)
          tell()
        }
        app.use(pinoHttp({ autoLogging: { ignore: isLocalRedirect } }, { write }))
        app.use(cgi({ root }))
        app.use(secret)
        const url = redirectTo('/cgi-bin/report.cgi')
        assert.equal((await send(await listen(t, app), url)).status, 200)
        await told
        assert.deepEqual(lines.toSorted(), [`GET ${url} 200`, `pino ${url}`])
      },
    )

    void t.test('RES-2 the client receives one answer, however many pass', async (t) => {
      const app = create()
      app.use(cgi({ root }))
      const loop = await exchange(
        await listen(t, app),
        'GET /cgi-bin/loop.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
      )
      assert.deepEqual(loop.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 502'])
    })
  })
}

for (const kind of ['middleware', 'plugin'] as const) {
  void t.test(`RES-2 a local redirect under @fastify/express (${kind})`, async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(fastifyExpress)
    const seen: string[] = []
    app.use((request: SeenRequest, _response: unknown, next: Next) => {
      seen.push(request.originalUrl ?? '')
      next()
    })
    if (kind === 'plugin') await app.register(cgiPlugin, { root })
    else app.use(cgi({ root }))
    app.get('/plain', (request) => `plain ${request.originalUrl}`)
    await app.listen({ port: 0, host: '127.0.0.1' })
    // A server that listens on a port has an address of this kind.
    const { port } = app.server.address() as AddressInfo
    for (const target of ['/plain?x', '/cgi-bin/report.cgi', redirectTo('/plain?x')]) {
      seen.splice(0)
      const answer = await send(port, redirectTo(target), { method: 'POST', body: 'x' })
      assert.equal(answer.status, 200, answer.text)
      assert.equal(seen[1], target)
      if (target !== '/cgi-bin/report.cgi') assert.equal(answer.text, 'plain /plain?x')
    }
  })
}
