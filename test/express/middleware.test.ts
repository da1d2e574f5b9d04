import cgi from '@common-gateway/express'
import compression from 'compression'
import cors from 'cors'
import createExpress5, { type ErrorRequestHandler, type Request } from 'express'
import createExpress4 from 'express4'
import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { dial, exchange, readToEnd, readUntil, send } from '../support/client.js'
import { CGI_BIN, readReport, saying } from '../support/fixtures.js'
import { listen } from '../support/listen.js'

/** An error handler of the application. */
function answerErrors(text: (error: Error & { code?: string }) => string): ErrorRequestHandler {
  return (error, _request, response, next) => {
    if (response.headersSent) next(error)
    else response.status(500).send(text(error as Error))
  }
}

const root = CGI_BIN
const logger = { warn(): void {}, error(): void {} }

/** The two versions are typed apart, but what is used of them here is the same. */
type Express = typeof createExpress5
const versions: [string, Express][] = [
  ['Express 5', createExpress5],
  ['Express 4', createExpress4 as unknown as Express],
]

for (const [name, express] of versions) {
  void t.test(`the middleware in an application (${name})`, async (t) => {
    void t.test(
      "Errors an answer of the application's own is not taken for the last resort's",
      async (t) => {
        const app = express()
        app.use((_request, response, next) => {
          response.setHeader('Content-Security-Policy', "default-src 'none'")
          next()
        })
        app.use(cgi({ root, logger, errorPage: true }))
        const answer: ErrorRequestHandler = (error, _request, response, next) => {
          if (response.headersSent) next(error)
          else response.status(500).end()
        }
        app.use(answer)
        const { status, text } = await send(await listen(t, app), saying('no header\n\n'))
        assert.deepEqual([status, text], [500, ''])
      },
    )

    void t.test(
      'MAP-4 a target in absolute form that a router shortens is no other way to a source',
      async (t) => {
        const app = express()
        app.set('env', 'test')
        const router = express.Router()
        router.use(cgi({ root, logger, prefix: '/cgi-bin' }))
        router.use(express.static(path.dirname(root)))
        app.use('/site', router)
        const port = await listen(t, app)
        const ask = (target: string): Promise<string> =>
          exchange(port, `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
        assert.match(
          await ask('http://host/site/cgi-bin/report.cgi'),
          /SCRIPT_NAME=\/site\/cgi-bin/,
        )
        assert.match(await ask('ftp://host/site/cgi-bin/report.cgi'), /^HTTP\/1\.1 400 /)
      },
    )

    void t.test('ENV-4 a trust function that fails is an error of the application', async (t) => {
      const app = express()
      const trustProxy = (): boolean => {
        throw new Error('the list of proxies is gone')
      }
      app.use(cgi({ root, logger, trustProxy }))
      app.use(answerErrors(({ message }) => message))
      const port = await listen(t, app)
      const { status, text } = await send(port, '/cgi-bin/report.cgi')
      assert.deepEqual([status, text], [500, 'the list of proxies is gone'])
      // Without a framework, there is none that would catch it.
      const gateway = cgi({ root, logger, trustProxy })
      const plain = await listen(t, (request, response) => {
        gateway(request, response, (error) => response.end(String(error)))
      })
      assert.match((await send(plain, '/cgi-bin/report.cgi')).text, /the list of proxies is gone/)
    })

    void t.test("ENV-4 trustProxy takes the place of Express's own setting", async (t) => {
      const app = express()
      app.set('trust proxy', false)
      app.use('/trusting', cgi({ root, logger, trustProxy: 1 }))
      app.use('/other', cgi({ root, logger }))
      app.use('/function', cgi({ root, logger, trustProxy: (address) => address !== '192.0.2.1' }))
      app.use('/list', cgi({ root, logger, trustProxy: ['loopback', '192.0.2.2'] }))
      const port = await listen(t, app)
      const headers = [
        'X-Forwarded-For',
        '192.0.2.1, 192.0.2.2',
        'X-Forwarded-Proto',
        'https, http',
      ]
      for (const [mount, address, scheme] of [
        ['/trusting', '192.0.2.2', 'https'],
        ['/other', '127.0.0.1', 'http'],
        ['/function', '192.0.2.1', 'https'],
        ['/list', '192.0.2.1', 'https'],
      ] as const) {
        const { text } = await send(port, `${mount}/report.cgi`, { headers })
        const { variables } = readReport(text)
        assert.equal(variables.get('REMOTE_ADDR'), address, mount)
        assert.equal(variables.get('REQUEST_SCHEME'), scheme, mount)
      }
    })

    void t.test('OPT-1 a trustProxy that names no proxy is refused', async () => {
      for (const trustProxy of ['nowhere', '10.0.0.0/99', -1, 1.5, {}, null, ['x']]) {
        // What an application in JavaScript may give.
        const options = { root, trustProxy } as Parameters<typeof cgi>[0]
        const told = { code: 'CGI_ERR_INVALID_OPTION', message: /`trustProxy`.* got / }
        assert.throws(() => cgi(options), told, JSON.stringify(trustProxy))
      }
    })

    void t.test('OPT-1 says to call it where the function itself is mounted', async (t) => {
      const app = express()
      // What an application in JavaScript may do.
      app.use(cgi as unknown as RequestListener)
      app.use(answerErrors((error) => `${error.code}: ${error.message}`))
      const { text } = await send(await listen(t, app), '/cgi-bin/report.cgi')
      assert.match(text, /^CGI_ERR_INVALID_OPTION: .*call it, as in `app\.use\(cgi\(\)\)`/)
      assert.ok(text.length < 200, text)
    })

    void t.test(
      'BODY-4 a client that still sends receives the answer of the error handler',
      async (t) => {
        const app = express()
        app.use(cgi({ root, logger, bodyLimit: 1_000 }))
        app.use(answerErrors(({ code }) => code ?? ''))
        const port = await listen(t, app)
        const socket = await dial(port)
        t.after(() => socket.destroy())
        socket.write(
          'POST /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 2000000\r\n\r\n',
        )
        const answered = readUntil(socket, /CGI_ERR_BODY_TOO_LARGE/)
        for (let sent = 0; sent < 20; sent += 1) {
          // A connection that is reset while this is written has no answer.
          await new Promise((resolve) => socket.write('x'.repeat(100_000), resolve))
        }
        assert.match(await answered, /^HTTP\/1\.1 500 /)
      },
    )

    void t.test(
      'BODY-4 a handler that waits for the end of a body does not take half of it for the whole',
      async (t) => {
        const told: string[] = []
        const tell = (_facts: object, message: string): void => void told.push(message)
        const app = express()
        const gateway = cgi({
          root,
          headersTimeout: 300,
          killTimeout: 500,
          logger: { warn: tell, error: tell },
        })
        app.use(gateway)
        const wait: ErrorRequestHandler = (error, request, response, next) => {
          request.once('end', () => told.push('the end')).resume()
          if (response.headersSent) next(error)
          else response.status(500).end()
        }
        app.use(wait)
        const port = await listen(t, app)
        const request =
          'POST /cgi-bin/read-all-then-tell.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf'
        assert.match(await exchange(port, request), /^HTTP\/1\.1 500 /)
        await gateway.close()
        assert.ok(told.some((each) => each.startsWith('waiting is ')))
        assert.ok(!told.some((each) => /^all of |^the end/.test(each)), told.join('\n'))
      },
    )

    void t.test('MAP-1 two mounts with different roots side by side', async (t) => {
      const app = express()
      app.use('/one', cgi({ root }))
      app.use('/two', cgi({ root: path.join(root, 'folder') }))
      const port = await listen(t, app)
      for (const mount of ['/one', '/two']) {
        const { variables } = readReport((await send(port, `${mount}/report.cgi/x`)).text)
        assert.equal(variables.get('SCRIPT_NAME'), `${mount}/report.cgi`)
      }
      assert.equal((await send(port, '/two/say.cgi')).status, 404)
    })

    void t.test('MAP-1 inside a Router, at its mount and at a prefix below it', async (t) => {
      const app = express()
      const router = express.Router()
      router.use('/scripts', cgi({ root }))
      router.use(cgi({ root, prefix: '/more' }))
      router.get('/own', (_request, response) => void response.send('own'))
      app.use('/api/:version', router)
      app.use('/bare', express.Router().use(cgi({ root })))
      const port = await listen(t, app)
      for (const mount of ['/api/v1/scripts', '/api/v1/more', '/bare']) {
        const { variables } = readReport((await send(port, `${mount}/report.cgi/x?q`)).text)
        assert.equal(variables.get('SCRIPT_NAME'), `${mount}/report.cgi`)
        assert.equal(variables.get('PATH_INFO'), '/x')
        assert.equal(variables.get('REQUEST_URI'), `${mount}/report.cgi/x?q`)
      }
      assert.equal((await send(port, '/api/v1/own')).text, 'own')
      assert.equal((await send(port, '/api/v1/none')).status, 404)
    })

    void t.test('MAP-1 one program at a mount sees whether there was a slash', async (t) => {
      const app = express()
      app.use('/tool', cgi({ script: path.join(root, 'report.cgi') }))
      const port = await listen(t, app)
      for (const [url, pathInfo] of [
        ['/tool?q', undefined],
        ['/tool/?q', '/'],
        ['/tool/a?q', '/a'],
      ] as const) {
        const { variables } = readReport((await send(port, url)).text)
        assert.equal(variables.get('PATH_INFO'), pathInfo, url)
        assert.equal(variables.get('SCRIPT_NAME'), '/tool', url)
      }
    })

    void t.test(
      'RES-2 a local redirect under a Router goes through the whole application',
      async (t) => {
        const app = express()
        const passed: string[] = []
        app.use((request: Request, _response: unknown, next: () => void) => {
          passed.push(`${request.method} ${request.url.split('?')[0]}`)
          next()
        })
        app.use('/deep', express.Router().use('/mount', cgi({ root })))
        app.get('/target', (request, response) => void response.json(request.query))
        const port = await listen(t, app)
        const url = saying('Location: /target?a=1\n\n').replace('/cgi-bin', '/deep/mount')
        const answer = await send(port, url, { method: 'POST', body: 'x' })
        assert.equal(answer.text, '{"a":"1"}')
        assert.deepEqual(passed, ['POST /deep/mount/say.cgi', 'GET /target'])
      },
    )

    void t.test('BODY-5 a body that a parser has read is a clear error', async (t) => {
      const app = express()
      app.use(express.json(), express.urlencoded({ extended: false }))
      app.use(cgi({ root, logger }))
      app.use(answerErrors(({ message }) => message))
      const port = await listen(t, app)
      const parsed = await send(port, '/cgi-bin/echo.cgi', {
        method: 'POST',
        headers: ['Content-Type', 'application/json'],
        body: '{}',
      })
      assert.equal(parsed.status, 500)
      assert.match(parsed.text, /mount the gateway before body parsers/)
      // A parser that has let the body pass, or has had none, does no harm.
      const other = { method: 'POST', headers: ['Content-Type', 'text/plain'], body: 'x' }
      assert.equal((await send(port, '/cgi-bin/echo.cgi', other)).text, 'x')
      assert.equal((await send(port, '/cgi-bin/echo.cgi')).status, 200)
    })

    void t.test(
      'BODY-5 a middleware that listens to the body takes nothing of it away',
      async (t) => {
        const app = express()
        const heard: string[] = []
        app.use((request: Request, _response: unknown, next: () => void) => {
          let text = ''
          request.on('data', (chunk: Buffer) => (text += chunk.toString()))
          request.once('end', () => heard.push(text))
          next()
        })
        const authenticate = async (): Promise<null> => delay(50, null)
        app.use(cgi({ root, authenticate }))
        app.post('/own', (request: Request, response) => {
          request.once('end', () => response.send('own'))
        })
        const port = await listen(t, app)
        for (const body of [
          'the body',
          Readable.from([Buffer.from('the '), Buffer.from('body')]),
        ]) {
          const sending = { method: 'POST', headers: ['Content-Type', 'text/plain'], body }
          const { input } = readReport((await send(port, '/cgi-bin/report.cgi', sending)).text)
          assert.equal(input, 'the body')
        }
        // What is no script's goes on as it came.
        assert.equal((await send(port, '/own', { method: 'POST', body: 'other' })).text, 'own')
        assert.deepEqual(heard, ['the body', 'the body', 'other'])
      },
    )

    void t.test('a parser after the gateway keeps working', async (t) => {
      const app = express()
      app.use(cgi({ root }))
      app.use(express.json())
      app.post('/own', (request, response) => void response.json({ got: request.body as unknown }))
      const port = await listen(t, app)
      const headers = ['Content-Type', 'application/json']
      const answer = await send(port, '/own', { method: 'POST', headers, body: '{"a":1}' })
      assert.equal(answer.text, '{"got":{"a":1}}')
    })

    void t.test("headers of the application stay beside the script's", async (t) => {
      const app = express()
      app.use(
        (
          _request: unknown,
          response: { setHeader(name: string, value: string): void },
          next: () => void,
        ) => {
          response.setHeader('X-From-App', 'yes')
          response.setHeader('Set-Cookie', 'app=1')
          next()
        },
      )
      app.use(cgi({ root }))
      const port = await listen(t, app)
      const answer = await send(port, saying('Set-Cookie: a=1\nSet-Cookie: b=2\n\nx'))
      assert.deepEqual(answer.all('x-from-app'), ['yes'])
      assert.deepEqual(answer.all('set-cookie'), ['app=1', 'a=1', 'b=2'])
    })

    void t.test(
      'HDR-3 cookies do not gather in an array that the application sets each time',
      async (t) => {
        const app = express()
        const cookies = ['app=1']
        app.use((_request, response, next) => {
          response.setHeader('Set-Cookie', cookies)
          next()
        })
        app.use(cgi({ root }))
        const port = await listen(t, app)
        for (const bytes of ['Set-Cookie: secret=1\n\nx', 'Set-Cookie: other=2\n\nx']) {
          const own = bytes.split(/[ \n]/)[1]
          assert.deepEqual((await send(port, saying(bytes))).all('set-cookie'), ['app=1', own])
        }
        assert.deepEqual(cookies, ['app=1'])
      },
    )

    void t.test('RES-9 fields that middlewares set before and after next()', async (t) => {
      const app = express()
      app.use(cors({ origin: ['https://a.example', 'https://b.example'] }))
      app.use((_request, response, next) => {
        next()
        response.vary('Cookie')
        response.append('Link', '</later>; rel=next')
      })
      app.use(compression({ threshold: 0 }))
      app.use(cgi({ root }))
      const port = await listen(t, app)
      const bytes = 'Content-Type: text/plain\nVary: Accept-Language\nLink: </own>\n\nbody'
      for (const url of [saying(bytes), saying(bytes, true)]) {
        const headers = ['Origin', 'https://a.example', 'Accept-Encoding', 'gzip']
        const answer = await send(port, url, { headers })
        assert.deepEqual(answer.all('vary').join(', ').split(', ').toSorted(), [
          'Accept-Encoding',
          'Accept-Language',
          'Cookie',
          'Origin',
        ])
        assert.equal(answer.all('link').join(', '), '</later>; rel=next, </own>')
      }
    })

    void t.test(
      'LIFE-1 a script whose answer comes after that of the application is stopped',
      async (t) => {
        const app = express()
        app.use((_request, response, next) => {
          response.once('late', () => response.status(503).end('late'))
          next()
        })
        const env = ({ res }: Request): Record<string, string> => {
          res?.emit('late')
          return {}
        }
        app.use(cgi<Request>({ root, env, maxProcesses: 1, killTimeout: 500 }))
        const port = await listen(t, app)
        for (let round = 0; round < 2; round += 1) {
          assert.equal((await send(port, '/cgi-bin/endless.cgi')).text, 'late')
        }
      },
    )

    for (const way of ['writeHead', 'write', 'end', 'flush'] as const) {
      void t.test(
        `Errors a middleware whose ${way}() fails does not end the process`,
        async (t) => {
          const app = express()
          app.use((_request, response, next) => {
            Object.assign(response, {
              [way](): never {
                // Once, as what comes next may be the answer of the application.
                Reflect.deleteProperty(response, way)
                throw new Error('the middleware has failed')
              },
            })
            next()
          })
          const told: unknown[] = []
          const error = ({ err }: { err?: unknown }): void => void told.push(String(err))
          app.use(cgi({ root, logger: { ...logger, error } }))
          app.use(answerErrors(({ message }) => message))
          const port = await listen(t, app)
          const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
          t.after(() => rmSync(folder, { recursive: true }))
          const pipe = path.join(folder, 'pipe')
          execFileSync('mkfifo', [pipe])
          // What has no type is a stream. Flushed is what comes before its end.
          const streamed = saying('Status: 200\n\nwords')
          const target = way === 'flush' ? `/cgi-bin/body-when-told.cgi?${pipe}` : streamed
          const answer = await exchange(
            port,
            `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
          )
          if (way === 'writeHead' || way === 'write') {
            assert.match(answer, /^HTTP\/1\.1 500 .*the middleware has failed$/s)
          } else {
            assert.doesNotMatch(answer, /\r\n0\r\n\r\n$/)
            assert.deepEqual(told, ['Error: the middleware has failed'])
          }
        },
      )
    }

    void t.test('Errors a handler of the application comes before the error page', async (t) => {
      const policy = "default-src 'none'"
      const own = express()
      own.use(cgi({ root, logger, errorPage: true }))
      const answerAsOwn: ErrorRequestHandler = (error, _request, response, next) => {
        if (response.headersSent) next(error)
        else response.status(502).set('Content-Security-Policy', policy).send('<p>own')
      }
      own.use(answerAsOwn)
      const headers = ['Accept', 'text/html']
      const answer = await send(await listen(t, own), '/cgi-bin/fail.cgi', { headers })
      assert.equal(answer.text, '<p>own')
      assert.deepEqual(answer.all('content-security-policy'), [policy])

      const none = express()
      none.set('env', 'test')
      none.use(cgi({ root, logger, errorPage: true }))
      const page = await send(await listen(t, none), '/cgi-bin/fail.cgi', { headers })
      assert.equal(page.status, 502)
      assert.match(page.text, /^<!doctype html>[^]*&lt;secret&gt;/)
    })

    void t.test('Errors reach the error handler of the application', async (t) => {
      const app = express()
      app.use(cgi<Request>({ root, logger, env: ({ hostname }) => ({ HOSTNAME: hostname }) }))
      app.use(answerErrors(({ code }) => `handled ${code}`))
      const port = await listen(t, app)
      assert.equal((await send(port, saying('Status: 99\n\n'))).text, 'handled CGI_ERR_BAD_HEADER')
      const { variables } = readReport((await send(port, '/cgi-bin/report.cgi')).text)
      assert.equal(variables.get('HOSTNAME'), '127.0.0.1')
    })
  })
}

void t.test('the middleware on a connection that it shares', async (t) => {
  const get = (url: string): string => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`

  /** A connection to scripts, and to `/own`, which sends half of its answer until it may go on. */
  async function dialBoth(t: Test): Promise<{ socket: Socket; goOn: () => void }> {
    const gateway = cgi({ root, logger })
    const own = new EventEmitter()
    const port = await listen(t, (request, response) => {
      if (request.url !== '/own') return gateway(request, response, () => response.end('passed on'))
      response.writeHead(200, { 'Content-Length': 10 }).write('abcde')
      own.once('go on', () => response.end('fghij'))
    })
    return { socket: await dial(port), goOn: () => void own.emit('go on') }
  }

  void t.test('LIFE-5 what others answer there is left alone', async (t) => {
    const { socket, goOn } = await dialBoth(t)
    socket.write(get('/own') + get(saying('X-Slow: 1\n\nslow', true)))
    await readUntil(socket, /abcde$/)
    const rest = readToEnd(socket)
    // Longer than a client takes that closes its side, and that is probed.
    await delay(200)
    socket.end()
    await delay(300)
    goOn()
    assert.match(await rest, /^fghijHTTP\/1\.1 200 OK\r\n[^]*slow/)
  })

  void t.test(
    'BODY-6 what is no request does not end an answer before it, whosever it is',
    async (t) => {
      const { socket, goOn } = await dialBoth(t)
      socket.write(get(saying('X-Slow: 1\n\nslow', true)) + get('/own') + 'no request\r\n\r\n')
      const before = await readUntil(socket, /abcde$/)
      assert.match(before, /slow/)
      const rest = readToEnd(socket)
      goOn()
      assert.match(await rest, /^fghijHTTP\/1\.1 400 Bad Request\r\n/)
    },
  )

  void t.test(
    'BODY-6 the application sees its own server, and gets the error in the end',
    async (t) => {
      const gateway = cgi({ root, logger })
      const errors: Error[] = []
      const server = createServer((request, response) => {
        assert.equal(Reflect.get(request.socket, 'server'), server)
        gateway(request, response, () => response.end('passed on'))
      })
      server.on('clientError', (error, socket) => {
        errors.push(error)
        socket.end('HTTP/1.1 400 Own Words\r\n\r\n')
      })
      t.after(() => server.close())
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const request = `GET ${saying('X-Slow: 1\n\nslow', true)} HTTP/1.1\r\nHost: a\r\n\r\nno request\r\n\r\n`
      assert.match(await exchange(port, request), /slow[^]*HTTP\/1\.1 400 Own Words\r\n\r\n$/)
      assert.equal(errors.length, 1)
    },
  )
})
