import cgi from '@common-gateway/fastify'
import Fastify from 'fastify'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import {
  dial,
  exchange,
  open,
  openHttp2,
  openSession,
  readToEnd,
  readUntil,
  receive,
  send,
} from '../support/client.js'
import { CGI_BIN, readReport, saying } from '../support/fixtures.js'
import { until } from '../support/processes.js'

type Application = ReturnType<typeof Fastify>

/** Listens until the test is over. */
async function listen(t: Test, app: Application): Promise<number> {
  t.after(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  // A server that listens on a port has an address of this kind.
  return (app.server.address() as AddressInfo).port
}

const form = ['Content-Type', 'application/json']
const root = CGI_BIN

void t.test('the plugin in a Fastify application', async (t) => {
  void t.test('RES-1 inject() reaches scripts, as tests of applications do', async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(cgi, { root })
    for (const method of ['GET', 'HEAD', 'POST'] as const) {
      const payload = method === 'POST' ? { payload: 'body' } : {}
      const found = await app.inject({ method, url: '/cgi-bin/report.cgi', ...payload })
      assert.equal(found.statusCode, 200)
      assert.equal(found.body === '', method === 'HEAD')
      const missing = await app.inject({ method, url: '/cgi-bin/none.cgi', ...payload })
      assert.equal(missing.statusCode, 404)
      const bad = await app.inject({ method, url: saying('no header\n\n'), ...payload })
      assert.equal(bad.statusCode, 502)
    }
  })

  void t.test('HDR-4 inject() reads an NPH script like any other', async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(cgi, { root })
    const { statusCode, statusMessage, headers, body } = await app.inject('/cgi-bin/nph-report.cgi')
    assert.deepEqual([statusCode, statusMessage, body], [299, 'Own Words', 'own body'])
    assert.equal(headers['x-own'], 'yes')
  })

  void t.test('HDR-4 onResponse hooks see the status of an NPH script', async (t) => {
    const app = Fastify()
    const told = new Promise((resolve) => {
      app.addHook('onResponse', async (request, reply) => resolve([request.url, reply.statusCode]))
    })
    await app.register(cgi, { root })
    const text = await exchange(
      await listen(t, app),
      'GET /cgi-bin/nph-report.cgi HTTP/1.1\r\nHost: a\r\n\r\n',
    )
    assert.match(
      text,
      /^HTTP\/1\.1 299 Own Words\r\nX-Own: yes\r\nConnection: close\r\n\r\nown body$/,
    )
    assert.deepEqual(await told, ['/cgi-bin/nph-report.cgi', 299])
  })

  void t.test('OPT-1 says how it is registered where it was called', async () => {
    // What an application in JavaScript may do.
    const called = cgi as unknown as (options?: object) => Promise<void>
    const told = { code: 'CGI_ERR_INVALID_OPTION', message: /fastify\.register\(cgi, options\)/ }
    await assert.rejects(called(), told)
    await assert.rejects(called({ root }), told)
  })

  void t.test('LOG-2 tells the gateways by their mount', async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await app.register(cgi, { root })
    await app.register(cgi, { root, prefix: '/tools/' })
    await app.register(async (inner) => inner.register(cgi, { root }), { prefix: '/inner' })
    assert.deepEqual([...app.cgi.keys()], ['/cgi-bin', '/tools', '/inner'])
    await app.inject('/tools/report.cgi')
    assert.equal(app.cgi.get('/tools')?.stats().started, 1)
    assert.equal(app.cgi.get('/cgi-bin')?.stats().started, 0)
  })

  void t.test('MAP-1 two mounts with different roots side by side', async (t) => {
    const app = Fastify()
    await app.register(cgi, { root, prefix: '/one' })
    await app.register(cgi, { root: path.join(root, 'folder'), prefix: '/two' })
    const port = await listen(t, app)
    for (const mount of ['/one', '/two']) {
      const { variables } = readReport((await send(port, `${mount}/report.cgi/x`)).text)
      assert.equal(variables.get('SCRIPT_NAME'), `${mount}/report.cgi`)
    }
    assert.equal((await send(port, '/two/say.cgi')).status, 404)
  })

  void t.test('MAP-1 a mount inside a plugin with a prefix', async (t) => {
    const app = Fastify()
    await app.register(
      async (inner) => {
        await inner.register(cgi, { root, prefix: '/scripts' })
      },
      { prefix: '/api' },
    )
    await app.register(
      async (inner) => {
        await inner.register(cgi, { root })
      },
      { prefix: '/bare' },
    )
    const port = await listen(t, app)
    for (const mount of ['/api/scripts', '/bare']) {
      const { variables } = readReport((await send(port, `${mount}/report.cgi/x?q`)).text)
      assert.equal(variables.get('SCRIPT_NAME'), `${mount}/report.cgi`)
      assert.equal(variables.get('PATH_INFO'), '/x')
    }
    assert.equal((await send(port, '/scripts/report.cgi')).status, 404)
  })

  void t.test('MAP-1 a mount at a prefix with a parameter, and at the root', async (t) => {
    const app = Fastify()
    await app.register(cgi, { root, prefix: '/:tenant/run' })
    await app.register(cgi, { root: path.join(root, 'folder'), prefix: '/' })
    const port = await listen(t, app)
    const inner = readReport((await send(port, '/acme/run/report.cgi/x')).text)
    assert.equal(inner.variables.get('SCRIPT_NAME'), '/acme/run/report.cgi')
    const outer = readReport((await send(port, '/report.cgi/x')).text)
    assert.equal(outer.variables.get('SCRIPT_NAME'), '/report.cgi')
    assert.equal(outer.variables.get('PATH_INFO'), '/x')
  })

  void t.test('BODY-5 the parsers of the application around stay as they were', async (t) => {
    const app = Fastify()
    app.post('/before', (request) => ({ got: request.body }))
    await app.register(cgi, { root })
    app.post('/after', (request) => ({ got: request.body }))
    const port = await listen(t, app)
    for (const url of ['/before', '/after']) {
      const answer = await send(port, url, { method: 'POST', headers: form, body: '{"a":1}' })
      assert.equal(answer.text, '{"got":{"a":1}}')
      const text = { method: 'POST', headers: ['Content-Type', 'text/x-unknown'], body: 'x' }
      assert.equal((await send(port, url, text)).status, 415)
    }
  })

  void t.test('BODY-5 a body that is larger than Fastify would read', async (t) => {
    const app = Fastify({ bodyLimit: 10 })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const body = 'x'.repeat(100)
    const sending = { method: 'POST', headers: form, body }
    assert.equal((await send(port, '/cgi-bin/echo.cgi', sending)).text, body)
  })

  void t.test('BODY-5 a body that a hook has read is a clear error', async (t) => {
    const app = Fastify()
    app.addHook('preParsing', (request, _reply, payload, done) => {
      request.raw.resume().on('end', () => done(null, payload))
    })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const answer = await send(port, '/cgi-bin/echo.cgi', { method: 'POST', body: 'x' })
    assert.equal(answer.status, 500)
    assert.match(answer.text, /mount the gateway before body parsers/)
  })

  void t.test("hooks and headers of the application apply to a script's response", async (t) => {
    const app = Fastify()
    const seen: string[] = []
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-from-hook', 'yes').header('set-cookie', 'app=1')
    })
    app.addHook('onSend', async (_request, reply, payload) => {
      await new Promise((resolve) => setImmediate(resolve))
      seen.push(`onSend ${reply.statusCode}`)
      return payload
    })
    app.addHook('onResponse', async (_request, reply) => {
      seen.push(`onResponse ${reply.statusCode}`)
    })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const answer = await send(port, saying('Status: 404 Lost\nSet-Cookie: script=1\n\nbody'))
    assert.equal(answer.reason, 'Lost')
    assert.deepEqual(answer.all('x-from-hook'), ['yes'])
    assert.deepEqual(answer.all('set-cookie'), ['app=1', 'script=1'])
    assert.deepEqual(seen, ['onSend 404', 'onResponse 404'])
  })

  void t.test('a hook that refuses a request keeps it from the script', async (t) => {
    const app = Fastify()
    let runs = 0
    app.addHook('preHandler', async (_request, reply) => reply.code(401).send('who are you?'))
    const env = (): Record<string, string> => {
      runs += 1
      return {}
    }
    await app.register(cgi, { root, env })
    const port = await listen(t, app)
    assert.equal((await send(port, '/cgi-bin/report.cgi')).status, 401)
    assert.equal(runs, 0)
  })

  void t.test('MAP-2, Errors reach the handlers of the application', async (t) => {
    const app = Fastify()
    app.setNotFoundHandler((_request, reply) => reply.code(404).send('not here'))
    app.setErrorHandler<Error & { code: string; reason: string }>((error, _request, reply) =>
      reply.code(500).send(`handled ${error.code}: ${error.reason}`),
    )
    await app.register(cgi, { root })
    const port = await listen(t, app)
    assert.equal((await send(port, '/cgi-bin/none.cgi')).text, 'not here')
    const failed = await send(port, saying('Status: 99\n\n'))
    assert.match(failed.text, /^handled CGI_ERR_BAD_HEADER: Status is not a code/)
  })

  void t.test('Errors a handler of the application comes before the error page', async (t) => {
    const app = Fastify()
    await app.register(
      async (own) => {
        own.setErrorHandler((error, _request, reply) => reply.code(500).send({ error }))
        await own.register(cgi, { root, errorPage: true })
      },
      { prefix: '/own' },
    )
    await app.register(
      async (passing) => {
        passing.setErrorHandler((error, _request, reply) => reply.send(error))
        await passing.register(cgi, { root, errorPage: true })
      },
      { prefix: '/passing' },
    )
    await app.register(cgi, { root, prefix: '/none', errorPage: true })
    const port = await listen(t, app)
    const ask = (mount: string): ReturnType<typeof send> =>
      send(port, `${mount}/fail.cgi`, { headers: ['Accept', 'text/html'] })
    const own = await ask('/own')
    assert.equal(own.status, 500)
    assert.equal(JSON.parse(own.text).error.code, 'CGI_ERR_NO_RESPONSE')
    assert.deepEqual(own.all('content-security-policy'), [])
    for (const mount of ['/passing', '/none']) {
      const answer = await ask(mount)
      assert.equal(answer.status, 502)
      assert.match(answer.text, /^<!doctype html>/)
    }
  })

  void t.test('OPT-1 a wrong option keeps the application from starting', async (t) => {
    const app = Fastify()
    t.after(() => app.close())
    await assert.rejects(
      async () => app.register(cgi, { root, maxProcesses: 0 }),
      /Expected the `maxProcesses` option to be an integer from 1/,
    )
  })

  void t.test('LIFE-4 close() waits for scripts, and starts no more', async (t) => {
    const app = Fastify({ forceCloseConnections: false })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const answer = send(port, saying('Status: 200\n\nslow', true), {
      headers: ['Connection', 'close'],
    })
    const [answered] = await Promise.all([answer, answer.then(() => app.close())])
    assert.equal(answered.text, 'slow')
  })

  void t.test('LIFE-4 close() may take longer than a plugin may take to start', async (t) => {
    const app = Fastify({ pluginTimeout: 300 })
    await app.register(cgi, { root, closeTimeout: 1_000 })
    const port = await listen(t, app)
    const response = await open(port, '/cgi-bin/wait.cgi')
    const cutOff = once(response, 'error')
    await app.close()
    await cutOff
  })

  void t.test('LIFE-4 close() lets every stream of an HTTP/2 session end', async (t) => {
    const app = Fastify({ http2: true })
    const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    await app.register(cgi, { root })
    await app.listen({ port: 0, host: '127.0.0.1' })
    // A server that listens on a port has an address of this kind.
    const { port } = app.server.address() as AddressInfo
    const session = openSession({ port, scheme: 'http' })
    t.after(() => session.destroy())
    const pipes = ['one', 'two'].map((name) => path.join(folder, name))
    execFileSync('mkfifo', pipes)
    const streams = await Promise.all(
      pipes.map((pipe) => openHttp2(session, `/cgi-bin/event.cgi?${pipe}`)),
    )
    const closed = app.close()
    for (const [index, stream] of streams.entries()) {
      writeFileSync(pipes[index] ?? '', '\n')
      assert.equal((await receive(stream)).text, 'data: first\n\ndata: second\n\n')
    }
    await closed
  })

  void t.test('LIFE-4 close() lets every request that is pipelined end', async (t) => {
    const app = Fastify()
    const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    t.after(() => rmSync(folder, { recursive: true }))
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const pipes = ['one', 'two'].map((name) => path.join(folder, name))
    execFileSync('mkfifo', pipes)
    const socket = await dial(port)
    t.after(() => socket.destroy())
    const requests = pipes.map(
      (pipe) => `GET /cgi-bin/event.cgi?${pipe} HTTP/1.1\r\nHost: a\r\n\r\n`,
    )
    socket.write(requests.join(''))
    const first = readUntil(socket, /data: first/)
    // Both scripts are there when they can be told.
    await until(() => app.cgi.get('/cgi-bin')?.stats().running === 2, 'both scripts run')
    await first
    const closed = app.close()
    const second = readUntil(socket, /data: second[^]*data: first/)
    writeFileSync(pipes[0] ?? '', '\n')
    await second
    const rest = readToEnd(socket)
    writeFileSync(pipes[1] ?? '', '\n')
    assert.match(await rest, /data: second\n\n\r\n0\r\n\r\n$/)
    await closed
  })

  void t.test('LIFE-1 a script that the application does not let answer is stopped', async (t) => {
    const app = Fastify()
    app.addHook('onSend', async (request) => {
      if (request.url.endsWith('?throw')) throw new Error('not this one')
      return 'replaced'
    })
    await app.register(cgi, { root, maxProcesses: 1, killTimeout: 500 })
    const port = await listen(t, app)
    assert.equal((await send(port, '/cgi-bin/endless.cgi?throw')).status, 500)
    assert.equal((await send(port, '/cgi-bin/endless.cgi')).text, 'replaced')
    // There is one slot: it is free.
    assert.equal((await send(port, saying('Status: 200\n\n'))).text, 'replaced')
  })

  void t.test(
    'RES-5 a hook may put a stream of another length in the place of a small answer',
    async (t) => {
      const app = Fastify()
      app.addHook('onSend', async (_request, _reply, payload) => {
        return Buffer.isBuffer(payload)
          ? Readable.from([payload, Buffer.from(' and more')])
          : payload
      })
      await app.register(cgi, { root })
      const port = await listen(t, app)
      // Whether an answer is small is a matter of when it comes: one or the other, but never a part.
      for (let requests = 0; requests < 20; requests += 1) {
        const { text } = await send(port, saying('Content-Type: text/plain\n\nbody'))
        assert.ok(['body', 'body and more'].includes(text), text)
      }
    },
  )

  void t.test('Errors have a reason phrase of their own', async (t) => {
    const app = Fastify()
    app.addHook('onSend', async (_request, reply, payload) => {
      if (reply.statusCode === 299) throw new Error('not this one')
      return payload
    })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const answer = await send(port, saying('Status: 299 My Own\n\nx'))
    assert.equal(answer.status, 500)
    assert.equal(answer.reason, 'Internal Server Error')
  })

  void t.test(
    'RES-2 a hook that looks at originalUrl guards what a script redirects to',
    async (t) => {
      const app = Fastify()
      app.addHook('onRequest', async (request, reply) => {
        if (request.originalUrl.startsWith('/private')) return reply.code(401).send('no')
        return undefined
      })
      await app.register(cgi, { root })
      app.get('/private', () => 'secret')
      const port = await listen(t, app)
      const url = saying('Location: /private?x\n\n')
      assert.equal((await send(port, url)).status, 401)
      assert.equal((await send(port, saying(`Location: ${url}\n\n`))).status, 401)
      const injected = await app.inject(url)
      assert.equal(injected.statusCode, 401)
    },
  )

  void t.test('RES-2 a redirect is logged by the URL that the client asked for', async (t) => {
    const app = Fastify({
      rewriteUrl: (request) => (request.url ?? '').replace('/old/', '/cgi-bin/'),
    })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const url = saying('Location: /old/report.cgi/z\n\n').replace('/cgi-bin/', '/old/')
    const { variables } = readReport((await send(port, url)).text)
    assert.equal(variables.get('REQUEST_URI'), url)
    assert.equal(variables.get('PATH_INFO'), '/z')
  })

  void t.test('LIFE-1 a script that is started when its client has gone is stopped', async (t) => {
    const app = Fastify({ logger: { level: 'warn', stream: { write: () => {} } } })
    const { promise: reached, resolve: reach } = withResolvers()
    const { promise: released, resolve: release } = withResolvers()
    app.addHook('preHandler', async (request) => {
      if (!request.url.endsWith('?second')) return
      reach()
      await released
    })
    await app.register(cgi, { root, maxProcesses: 2 })
    const port = await listen(t, app)
    const socket = await dial(port)
    for (const query of ['first', 'second']) {
      socket.write(`GET /cgi-bin/wait.cgi?${query} HTTP/1.1\r\nHost: a\r\n\r\n`)
    }
    await reached
    socket.resetAndDestroy()
    await closeOf(app)
    release()
    // There are two slots: both are free.
    const asked = [1, 2].map(() => send(port, saying('Status: 200\n\nfree')))
    for (const { text } of await Promise.all(asked)) assert.equal(text, 'free')
  })

  void t.test('LIFE-1 a script that another has answered for ends', async (t) => {
    const app = Fastify()
    app.addHook('onRequest', async (request, reply) => {
      if (request.url.endsWith('?late')) setTimeout(() => void reply.code(503).send('late'), 100)
    })
    await app.register(cgi, { root, maxProcesses: 1 })
    const port = await listen(t, app)
    // Would be waited for until it has a header, or for a minute.
    assert.equal((await send(port, '/cgi-bin/hang.cgi?late')).text, 'late')
    assert.equal((await send(port, saying('Status: 200\n\nfree'))).text, 'free')
  })
})

/** Promise.withResolvers() of later versions of Node. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {}
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

/** The end of the only connection that a server has. */
async function closeOf(app: Application): Promise<void> {
  const connections = (): Promise<number> =>
    new Promise((resolve) => {
      app.server.getConnections((_error: unknown, count: number) => resolve(count))
    })
  while ((await connections()) > 0) await new Promise((resolve) => setImmediate(resolve))
}
