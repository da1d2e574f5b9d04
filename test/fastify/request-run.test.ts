import cgi from '@common-gateway/fastify'
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify'
import { strict as assert } from 'node:assert'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Log } from '../support/adapters.js'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

const root = CGI_BIN
const hello = saying('Content-Type: text/plain\n\nhello')
const nameOf = ({ cgi: run }: FastifyRequest): string | undefined => run?.scriptName

void t.test('LOG-2 request.cgi in hooks and handlers of Fastify', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const seen = new Map<string, unknown>()
  const see = (hook: string, request: FastifyRequest): void => {
    seen.set(hook, nameOf(request))
  }
  app.addHook('preHandler', async (request) => see('preHandler', request))
  app.addHook('onSend', async (request) => see('onSend', request))
  app.addHook('onError', async (request) => see('onError', request))
  app.addHook('onResponse', async (request) => {
    see('onResponse', request)
  })
  app.setErrorHandler(async (error, request) => {
    see('errorHandler', request)
    seen.set('isSameError', request.cgi?.error === error)
    throw error
  })
  await app.register(cgi, { root, errorPage: false })
  await app.inject(hello)
  const name = '/cgi-bin/say.cgi'
  assert.deepEqual(Object.fromEntries(seen), {
    preHandler: undefined,
    onSend: name,
    onResponse: name,
  })
  const bad = await app.inject(saying('Bad Name: x\n\n'))
  assert.equal(bad.statusCode, 502)
  assert.deepEqual(
    ['onError', 'errorHandler', 'isSameError'].map((key) => seen.get(key)),
    [name, name, true],
  )
})

void t.test('LOG-2 a serializer of the log has the run of the script', async (t) => {
  const log = new Log()
  const app = Fastify({
    logger: {
      stream: log.stream,
      serializers: {
        res: (reply) => ({ statusCode: reply.statusCode, run: reply.request?.cgi }),
      },
    },
  })
  t.after(() => app.close())
  await app.register(cgi, { root })
  await app.inject(hello)
  const { res } = await log.waitFor(({ message }) => message === 'request completed')
  // What JSON keeps of it.
  const { statusCode, run } = res as { statusCode: number; run: Record<string, unknown> }
  assert.deepEqual([statusCode, run['scriptName'], run['pathInfo']], [200, '/cgi-bin/say.cgi', ''])
  assert.equal(run['request'], undefined)
})

void t.test('LOG-2 request.cgi in scopes of their own, and of two mounts', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  const seen: unknown[] = []
  app.addHook('onResponse', async (request) => void seen.push(nameOf(request)))
  app.get('/outside', async (request) => ({ cgi: request.cgi === undefined }))
  await app.register(async (inner) => {
    await inner.register(cgi, { root, prefix: '/one' })
    await inner.register(cgi, { root, prefix: '/two' })
    await inner.register(async (innermost) => innermost.register(cgi, { root, prefix: '/three' }))
    inner.get('/inside', async (request) => ({ cgi: request.cgi }))
  })
  for (const mount of ['one', 'two', 'three']) await app.inject(`/${mount}/echo.cgi`)
  assert.deepEqual(seen, ['/one/echo.cgi', '/two/echo.cgi', '/three/echo.cgi'])
  assert.equal((await app.inject('/inside')).body, '{"cgi":null}')
  assert.equal((await app.inject('/outside')).body, '{"cgi":true}')
})

void t.test('LOG-2 a request decorator of the application stays its own', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  app.decorateRequest('cgi', null)
  await assert.rejects(
    async () => app.register(cgi, { root }),
    /The request decorator `cgi` exists and does not belong to this plugin/,
  )
  assert.equal(app.hasDecorator('cgi'), false, 'no gateway is left')
})

void t.test('LOG-2 so does that of a scope which was there before the gateway', async (t) => {
  const app = Fastify()
  t.after(() => app.close())
  void app.register(async (inner) => {
    inner.decorateRequest('cgi', null)
    inner.get('/own', async (request) => {
      const isOwn = Object.hasOwn(request, 'cgi')
      Object.assign(request, { cgi: 'own' })
      return { isOwn, cgi: request.cgi }
    })
  })
  await app.register(cgi, { root })
  assert.equal((await app.inject('/own')).body, '{"isOwn":true,"cgi":"own"}')
  assert.equal((await app.inject(hello)).body, 'hello')
})

/** Ways to send a request, and whether the first request of a local redirect shows its own URL at the end. */
const WAYS: Record<string, [boolean, (app: FastifyInstance, url: string) => Promise<unknown>]> = {
  'HTTP/1': [true, (app, url) => listenAndSend(app, url, 1)],
  'HTTP/2': [false, (app, url) => listenAndSend(app, url, 2)],
  inject: [false, (app, url) => app.inject(url)],
}

async function listenAndSend(
  app: FastifyInstance,
  url: string,
  httpVersion: 1 | 2,
): Promise<unknown> {
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return send({ port, httpVersion, scheme: 'http' }, url)
}

for (const [way, [keepsUrl, ask]] of Object.entries(WAYS)) {
  void t.test(`LOG-2 each request of a local redirect has its own run (${way})`, async (t) => {
    // An application of HTTP/2 has a type of its own; the plugin takes both.
    const app = (way === 'HTTP/2' ? Fastify({ http2: true }) : Fastify()) as FastifyInstance
    t.after(() => app.close())
    const seen: unknown[] = []
    const isDone = new Promise<void>((resolve) => {
      app.addHook('onResponse', async (request) => {
        if (seen.push([request.url, nameOf(request)]) === 2) resolve()
      })
    })
    await app.register(cgi, { root })
    const first = saying('Location: /cgi-bin/echo.cgi\n\n')
    await ask(app, first)
    await isDone
    const script = '/cgi-bin/echo.cgi'
    assert.deepEqual(seen, [
      [keepsUrl ? first : script, '/cgi-bin/say.cgi'],
      [script, script],
    ])
  })
}
