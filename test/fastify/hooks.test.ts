import cgi from '@common-gateway/fastify'
import compress from '@fastify/compress'
import Fastify, { type onSendAsyncHookHandler } from 'fastify'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { brotliCompressSync, createGunzip, deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { exchange, send } from '../support/client.js'
import { CGI_BIN, readReport, saying } from '../support/fixtures.js'

type Application = ReturnType<typeof Fastify>

const root = CGI_BIN

/** Listens until the test is over. */
async function listen(t: Test, app: Application): Promise<number> {
  t.after(() => app.close())
  await app.listen({ port: 0, host: '127.0.0.1' })
  // A server that listens on a port has an address of this kind.
  return (app.server.address() as AddressInfo).port
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((go) => setImmediate(go))
}

function makePipe(t: Test): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const pipe = path.join(folder, 'pipe')
  execFileSync('mkfifo', [pipe])
  return pipe
}

void t.test('BODY-5 hooks of Fastify that read the body', async (t) => {
  const words = 'words '.repeat(200)
  const bodies = {
    gzip: gzipSync(words),
    deflate: deflateSync(words),
    br: brotliCompressSync(words),
    'x-of-the-script': Buffer.from('only the script knows it'),
  }
  for (const [coding, body] of Object.entries(bodies)) {
    void t.test(`BODY-5 @fastify/compress leaves a body in ${coding} to the script`, async (t) => {
      const app = Fastify()
      await app.register(compress)
      await app.register(cgi, { root })
      const port = await listen(t, app)
      const headers = ['Content-Encoding', coding]
      for (const sent of [body, Readable.from([body])]) {
        const sending = { method: 'POST', headers, body: sent }
        assert.deepEqual((await send(port, '/cgi-bin/echo.cgi', sending)).bytes, body)
      }
      const { variables } = readReport(
        (await send(port, '/cgi-bin/report.cgi', { method: 'POST', headers, body })).text,
      )
      assert.equal(variables.get('HTTP_CONTENT_ENCODING'), coding)
      assert.equal(variables.get('CONTENT_LENGTH'), String(body.length))
    })
  }

  void t.test('BODY-5 @fastify/compress goes on to compress what scripts answer', async (t) => {
    const app = Fastify()
    await app.register(compress, { threshold: 10 })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const url = saying(`Content-Type: text/plain\nVary: Cookie\n\n${words}`)
    const answer = await send(port, url, { headers: ['Accept-Encoding', 'gzip'] })
    assert.deepEqual(answer.all('content-encoding'), ['gzip'])
    assert.equal(gunzipSync(answer.bytes).toString(), words)
    assert.match(answer.all('vary').join(), /cookie.*accept-encoding/i)
  })

  const replacements: Record<string, (payload: Readable) => Readable> = {
    'a stream of the same bytes': (payload) => payload.pipe(new PassThrough()),
    'a generator': (payload) => Readable.from(upperCase(payload)),
  }
  for (const [name, replace] of Object.entries(replacements)) {
    void t.test(`BODY-5 a hook that puts ${name} in the place of the body`, async (t) => {
      const app = Fastify()
      // Fastify's type of a payload is narrower than what a hook is given, which is the request.
      app.addHook('preParsing', async (_request, _reply, payload) => replace(payload as Readable))
      await app.register(cgi, { root })
      const port = await listen(t, app)
      for (const method of ['POST', 'PROPFIND', 'GET']) {
        for (const body of ['A BODY', Readable.from([Buffer.from('A BODY')])]) {
          const sending = { method, headers: ['Content-Type', 'text/plain'], body }
          const { variables, input } = readReport(
            (await send(port, '/cgi-bin/report.cgi', sending)).text,
          )
          assert.equal(input, 'A BODY', method)
          assert.equal(variables.get('CONTENT_LENGTH'), '6', method)
        }
      }
    })
  }

  for (const method of ['POST', 'PROPFIND', 'GET']) {
    void t.test(
      `BODY-5 a hook that listens to the body takes nothing of it away (${method})`,
      async (t) => {
        const app = Fastify()
        const heard: string[] = []
        // As fastify-raw-body does.
        app.addHook('preParsing', (_request, _reply, payload, done) => {
          let all = ''
          payload.on('data', (chunk: Buffer) => (all += chunk.toString()))
          payload.once('end', () => heard.push(all))
          done(null, payload)
        })
        app.addHook('preHandler', async () => turns(20))
        await app.register(cgi, { root, authenticate: async () => turns(20).then(() => null) })
        const port = await listen(t, app)
        const headers = ['Content-Type', 'text/plain']
        for (const body of [
          'the body',
          Readable.from([Buffer.from('the '), Buffer.from('body')]),
        ]) {
          const sending = { method, headers, body }
          const answer = await send(port, '/cgi-bin/report.cgi', sending)
          assert.equal(readReport(answer.text).input, 'the body')
          assert.equal(heard.pop(), 'the body')
        }
      },
    )
  }

  void t.test('BODY-5 a hook that decodes the body, and says so', async (t) => {
    const app = Fastify()
    app.addHook('preParsing', async (request, _reply, payload) => {
      delete request.headers['content-encoding']
      return payload.pipe(createGunzip())
    })
    await app.register(cgi, { root })
    const port = await listen(t, app)
    const sending = { method: 'POST', headers: ['Content-Encoding', 'gzip'], body: bodies.gzip }
    const { variables, input } = readReport((await send(port, '/cgi-bin/report.cgi', sending)).text)
    assert.equal(input, words)
    assert.equal(variables.get('CONTENT_LENGTH'), String(words.length))
    assert.equal(variables.get('HTTP_CONTENT_ENCODING'), undefined)
  })
})

void t.test('Errors hooks of Fastify that fail', async (t) => {
  const failures: [words: string, status: number, error: Error][] = [
    ['no gzip', 400, new Error('no gzip')],
    ['too much', 413, Object.assign(new Error('too much'), { statusCode: 413 })],
  ]
  for (const [words, status, error] of failures) {
    void t.test(
      `BODY-5 the stream of a hook fails with ${status}, and not as if the client had left`,
      async (t) => {
        const app = Fastify()
        app.addHook('preParsing', async (_request, _reply, payload) =>
          payload.pipe(
            new PassThrough({
              transform: (_chunk, _encoding, done) => void setImmediate(done, error),
            }),
          ),
        )
        for (const [prefix, chunkedBody] of [
          ['/cgi-bin', 'spool'],
          ['/streamed', 'stream'],
        ] as const) {
          await app.register(cgi, { root, prefix, chunkedBody })
        }
        const port = await listen(t, app)
        for (const prefix of ['/cgi-bin', '/streamed']) {
          const sending = {
            method: 'POST',
            headers: ['Content-Type', 'text/plain'],
            body: 'A BODY',
          }
          const answer = await send(port, `${prefix}/report.cgi`, sending)
          assert.equal(answer.status, status, prefix)
          assert.match(answer.text, new RegExp(words))
        }
      },
    )
  }

  void t.test(
    'Errors what a script has sent before it failed is sent, where a hook has waited',
    async (t) => {
      const app = Fastify()
      const ended = new Promise((resolve) => {
        const listener = (run: unknown): void => {
          unsubscribe('common-gateway:run:end', listener)
          resolve(run)
        }
        subscribe('common-gateway:run:end', listener)
      })
      app.addHook('onSend', async (_request, _reply, payload) => {
        await ended
        return payload
      })
      await app.register(cgi, { root })
      const port = await listen(t, app)
      const target = saying('Content-Type: text/plain\nContent-Length: 9\n\nshort', true)
      const answer = await exchange(port, `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`)
      assert.match(answer, /^HTTP\/1\.1 200 .*\r\n\r\nshort$/s)
    },
  )

  const FIELDS = [
    'Content-Language',
    'Content-Disposition',
    'Cache-Control',
    'ETag',
    'Last-Modified',
  ]
  const HOOKS: Record<string, (app: Application) => Promise<unknown>> = {
    '@fastify/compress': async (app) => app.register(compress, { threshold: 1 }),
    'a hook that reads the response': async (app) =>
      app.addHook('onSend', async (_request: unknown, _reply: unknown, payload: unknown) =>
        payload instanceof Readable ? text(payload) : payload,
      ),
  }
  for (const [name, add] of Object.entries(HOOKS)) {
    for (const httpVersion of [1, 2] as const) {
      void t.test(
        `Errors the error in the place of a response has none of its fields: ${name}, HTTP/${httpVersion}`,
        async (t) => {
          // An application of HTTP/2 has a type of its own.
          const app = (httpVersion === 2 ? Fastify({ http2: true }) : Fastify()) as Application
          await add(app)
          await app.register(cgi, { root, errorPage: false })
          const peer = { port: await listen(t, app), httpVersion, scheme: 'http' } as const
          // The length is wrong: the response fails when the script ends.
          const own = FIELDS.map((field) => `${field}: of the script\n`).join('')
          const head = `Content-Type: text/html\nContent-Length: 1000\n${own}`
          const headers = ['Accept-Encoding', 'gzip']
          const answer = await send(peer, saying(`${head}\nshort`), { headers })
          assert.equal(answer.status, 502)
          const [coding] = answer.all('content-encoding')
          const body = coding === 'gzip' ? gunzipSync(answer.bytes).toString() : answer.text
          assert.match(body, /"code":"CGI_ERR_SHORT_BODY"/)
          for (const field of FIELDS) assert.deepEqual(answer.all(field), [], field)
          assert.deepEqual(answer.all('content-type'), ['application/json; charset=utf-8'])
        },
      )
    }
  }

  for (const httpVersion of ['1.1', '1.0']) {
    void t.test(
      `Errors a listener for the header that fails is a 500 (HTTP/${httpVersion})`,
      async (t) => {
        const app = Fastify()
        app.addHook('onRequest', async (_request, { raw }) => failOnHeader(raw))
        await app.register(cgi, { root })
        const port = await listen(t, app)
        // What has no type is a stream.
        const target = saying('Status: 200\n\nwords')
        const head = `GET ${target} HTTP/${httpVersion}\r\nHost: a\r\nConnection: close\r\n\r\n`
        const answer = await exchange(port, head)
        assert.match(answer, /^HTTP\/1\.1 500 .*the listener has failed/s)
      },
    )
  }
})

/** As the package `on-headers` calls its listener: once, at the header. */
function failOnHeader(response: ServerResponse): void {
  response.writeHead = () => {
    Reflect.deleteProperty(response, 'writeHead')
    throw new Error('the listener has failed')
  }
}

async function* upperCase(payload: Readable): AsyncGenerator<string> {
  for await (const chunk of payload) yield String(chunk).toUpperCase()
}

void t.test('HDR-3 hooks of Fastify that read what a script answers', async (t) => {
  /** What a hook does with the stream; `go` has the script send its body. */
  const readers: Record<string, (stream: Readable, go: () => void) => Promise<unknown>> = {
    'pipe it, and wait': async (stream, go) => {
      const piped = stream.pipe(new PassThrough())
      await turns(20)
      go()
      return piped
    },
    'collect its data': async (stream, go) => {
      const chunks: Buffer[] = []
      const ended = new Promise((resolve, reject) => {
        stream.on('data', (chunk: Buffer) => chunks.push(chunk))
        stream.on('end', resolve).on('error', reject)
      })
      await turns(20)
      go()
      await ended
      return Buffer.concat(chunks)
    },
    'iterate over it': async (stream, go) => {
      const all = text(stream)
      await turns(20)
      go()
      return all
    },
    'resume and pause it': async (stream, go) => {
      stream.resume()
      await turns(20)
      stream.pause()
      go()
      return stream
    },
    'make another stream of it': async (stream, go) => {
      go()
      return Readable.from(stream)
    },
  }
  for (const [name, read] of Object.entries(readers)) {
    for (const isFollowed of [false, true]) {
      const more = isFollowed ? ', and another that waits' : ''
      void t.test(`HDR-3 hooks that ${name}${more}`, async (t) => {
        const app = Fastify()
        const pipe = makePipe(t)
        app.addHook('onSend', async (_request, reply, payload) => {
          // A body that is still to come is a stream.
          const replaced = await read(payload as Readable, () => writeFileSync(pipe, '\n'))
          reply.header('x-late', 'yes')
          return replaced
        })
        const wait: onSendAsyncHookHandler = async (_request, _reply, payload) => {
          await turns(20)
          return payload
        }
        if (isFollowed) app.addHook('onSend', wait)
        await app.register(cgi, { root })
        const port = await listen(t, app)
        const answer = await send(port, `/cgi-bin/body-when-told.cgi?${pipe}`)
        assert.equal(answer.status, 403)
        assert.deepEqual(answer.all('content-type'), ['text/html'])
        assert.deepEqual(answer.all('set-cookie'), ['a=b'])
        assert.deepEqual(answer.all('x-script'), ['yes'])
        assert.deepEqual(answer.all('x-late'), ['yes'])
        assert.equal(answer.text, '<p>the body')
      })
    }
  }

  void t.test(
    'HDR-3 a hook that makes an entity tag, changes the status and the length',
    async (t) => {
      const app = Fastify()
      app.addHook('onSend', async (_request, reply, payload) => {
        const whole = Buffer.isBuffer(payload)
          ? payload.toString()
          : await text(payload as Readable)
        reply.code(201).header('etag', `"${createHash('sha1').update(whole).digest('hex')}"`)
        reply.removeHeader('x-secret')
        return `${whole}, and more`
      })
      await app.register(cgi, { root })
      const port = await listen(t, app)
      for (const slowly of [false, true]) {
        const bytes = 'Content-Type: text/plain\nContent-Length: 4\nX-Secret: 1\nX-Own: 2\n\nbody'
        const answer = await send(port, saying(bytes, slowly))
        assert.equal(answer.status, 201)
        assert.equal(answer.text, 'body, and more')
        assert.deepEqual(answer.all('content-length'), ['14'])
        assert.deepEqual(answer.all('x-secret'), [])
        assert.deepEqual(answer.all('x-own'), ['2'])
        assert.equal(answer.all('etag').length, 1)
      }
    },
  )

  void t.test('HDR-3 a hook that sends nothing, and hooks that are not for streams', async (t) => {
    const app = Fastify()
    let serialized = 0
    app.addHook('preSerialization', async (_request, _reply, payload) => {
      serialized += 1
      return payload
    })
    app.addHook('onSend', async () => null)
    await app.register(cgi, { root, maxProcesses: 1, killTimeout: 500 })
    const port = await listen(t, app)
    for (const url of [
      saying('X-Own: 1\n\nbody'),
      '/cgi-bin/endless.cgi',
      saying('X-Own: 1\n\n'),
    ]) {
      const answer = await send(port, url)
      assert.deepEqual([answer.status, answer.text], [200, ''])
    }
    assert.equal(serialized, 0)
  })

  void t.test(
    'RES-6 a body that fails within what a hook has piped it to cuts the connection',
    async (t) => {
      const app = Fastify()
      app.addHook('onSend', async (_request, _reply, payload) =>
        (payload as Readable).pipe(new PassThrough()),
      )
      await app.register(cgi, { root })
      const port = await listen(t, app)
      await assert.rejects(send(port, '/cgi-bin/kill-itself.cgi'))
    },
  )
})
