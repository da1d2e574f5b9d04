import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  constants,
  type OutgoingHttpHeaders,
} from 'node:http2'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../support/adapters.js'
import type { Answer } from '../support/answer.js'
import {
  chunksOf,
  connectionOf,
  dial,
  openHttp2,
  openSession,
  receive,
  type Sending,
} from '../support/client.js'
import { CGI_BIN, readReport, saying } from '../support/fixtures.js'
import { data, postHeaders, preface, reset } from '../support/http2-frames.js'
import { isRunning, untilGone } from '../support/processes.js'
import { pidsIn } from './script-pids.js'

const MEGABYTE = 1024 * 1024
const { NGHTTP2_CANCEL, NGHTTP2_INTERNAL_ERROR, NGHTTP2_NO_ERROR } = constants

/** What is HTTP/2's own, or comes about in another way than in HTTP/1.1. */
export function http2Suite(t: Test, adapter: Adapter): void {
  void t.test(`over HTTP/2 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    /** How many requests have been about to get a script. */
    let runs = 0
    const env = (): Record<string, string> => {
      runs += 1
      return {}
    }
    const warnings: Error[] = []
    const listener = (warning: Error): void => void warnings.push(warning)

    t.before(async () => {
      process.on('warning', listener)
      gateway = await adapter.start({ options: { root: CGI_BIN, env } })
    })
    t.after(async () => {
      await gateway.close()
      process.off('warning', listener)
      assert.deepEqual(warnings, [], 'nothing was sent that HTTP/2 does not have')
    })

    function sessionOf(t: Test, at = gateway): ClientHttp2Session {
      const session = openSession(at)
      t.after(() => session.destroy())
      return session
    }

    async function startWith(
      t: Test,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, env, ...options } })
      t.after(() => own.close())
      return own
    }

    async function ask(
      session: ClientHttp2Session,
      url: string,
      sending?: Sending,
    ): Promise<Answer> {
      return receive(await openHttp2(session, url, sending))
    }

    /** Begins a request that has a body, and sends some of it. */
    function upload(
      session: ClientHttp2Session,
      url: string,
      some: string | Buffer,
      headers: OutgoingHttpHeaders = {},
    ): ClientHttp2Stream {
      const stream = session.request({ ':method': 'POST', ':path': url, ...headers })
      stream.on('error', () => {})
      stream.write(some)
      return stream
    }

    /** The pid that a script logs when it has read this word. */
    async function pidLogged(at: RunningGateway, word: string, known: number): Promise<number> {
      const { message } = await at.logged(
        (record) => at.log.indexOf(record) >= known && record.message.startsWith(`${word} is `),
      )
      return Number(message.slice(`${word} is `.length))
    }

    function temporaryFile(t: Test): string {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      return path.join(folder, 'file')
    }

    /** A named pipe that a script waits on, and how to let it go on. */
    function gate(t: Test): { pipe: string; goOn: () => void } {
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      return { pipe, goOn: () => writeFileSync(pipe, '\n') }
    }

    async function stillServes(session: ClientHttp2Session): Promise<void> {
      assert.equal((await ask(session, saying('Status: 200\n\nalive'))).text, 'alive')
    }

    void t.test('MAP-7 does not pass CONNECT on', async (t) => {
      runs = 0
      const stream = sessionOf(t).request({ ':method': 'CONNECT', ':authority': 'a.example:80' })
      const [headers] = (await once(stream, 'response')) as [{ ':status': number }]
      assert.equal(headers[':status'], 405)
      assert.equal(runs, 0)
    })

    void t.test(
      'ENV-1, ENV-8 take the name from :authority and the port from the connection',
      async (t) => {
        const session = sessionOf(t)
        const answer = await ask(session, '/cgi-bin/report.cgi', {
          headers: ['Host', 'www.example.org:99'],
        })
        const { variables } = readReport(answer.text)
        const expected = {
          HTTP_HOST: 'www.example.org:99',
          REMOTE_ADDR: '127.0.0.1',
          REMOTE_PORT: String(session.socket.localPort),
          REQUEST_SCHEME: adapter.scheme,
          SERVER_NAME: 'www.example.org',
          SERVER_PORT: String(gateway.port),
          SERVER_PROTOCOL: 'HTTP/2.0',
        }
        for (const [name, value] of Object.entries(expected)) {
          assert.equal(variables.get(name), value, name)
        }
        assert.equal(variables.get('HTTPS'), adapter.scheme === 'https' ? 'on' : undefined)
      },
    )

    void t.test('ENV-8, BODY-6 refuse a host that is none, or is two', async (t) => {
      const session = sessionOf(t)
      const status = async (headers: OutgoingHttpHeaders): Promise<unknown> => {
        const stream = session.request({ ':path': '/cgi-bin/report.cgi', ...headers }).resume()
        const [received] = (await once(stream, 'response')) as [{ ':status': number }]
        return received[':status']
      }
      for (const host of ['a@b', 'a:b', '[::1', 'a,b:c']) {
        assert.equal(await status({ ':authority': host }), 400, host)
      }
      // These are malformed to HTTP/2 itself.
      for (const host of ['a/b', 'a"b', 'a b']) {
        await assert.rejects(status({ ':authority': host }), /PROTOCOL_ERROR/)
      }
      assert.equal(await status({ ':authority': 'a', host: 'b' }), 400)
      assert.equal(await status({ ':authority': 'a', host: 'a' }), 200)
    })

    void t.test('ENV-2 joins the fields that a cookie was split into', async (t) => {
      const headers = ['Cookie', 'a=1', 'Cookie', 'b=2', 'Cookie', 'c=3', 'TE', 'trailers']
      const answer = await ask(sessionOf(t), '/cgi-bin/report.cgi', { headers })
      const { variables } = readReport(answer.text)
      assert.equal(variables.get('HTTP_COOKIE'), 'a=1; b=2; c=3')
      assert.equal(variables.get('HTTP_TE'), undefined)
    })

    void t.test('ENV-7 hands bytes on as they were sent', async (t) => {
      const mixed = '%b.\\0\'"$\xff\xfe'
      const headers = ['X-Latin1', '\xe9', 'X-Utf8', '\xc3\xa9', 'X-Mixed', mixed]
      const url = '/cgi-bin/report.cgi/%C3%A9?q=%E9%C3%A9'
      const { variables } = readReport((await ask(sessionOf(t), url, { headers })).text)
      assert.equal(variables.get('PATH_INFO'), '/\xc3\xa9')
      assert.equal(variables.get('QUERY_STRING'), 'q=%E9%C3%A9')
      assert.equal(variables.get('HTTP_X_LATIN1'), '\xe9')
      assert.equal(variables.get('HTTP_X_UTF8'), '\xc3\xa9')
      assert.equal(variables.get('HTTP_X_MIXED'), mixed)
    })

    void t.test('BODY-2 takes a body that ends with trailers', async (t) => {
      const headers = { ':method': 'POST', ':path': '/cgi-bin/report.cgi' }
      const stream = sessionOf(t).request(headers, { waitForTrailers: true })
      stream.once('wantTrailers', () => stream.sendTrailers({ 'x-trailer': 'yes' }))
      stream.end('body')
      const text = await textOf(stream)
      const { variables, input } = readReport(text)
      assert.equal(input, 'body')
      assert.equal(variables.get('CONTENT_LENGTH'), '4')
      assert.doesNotMatch(text, /trailer/i)
    })

    void t.test(
      'BODY-3 ends the stream of a client that sends no more, and only that',
      async (t) => {
        const session = sessionOf(t)
        const { pipe, goOn } = gate(t)
        const other = await openHttp2(session, `/cgi-bin/event.cgi?${pipe}`)
        const stream = upload(session, '/cgi-bin/ignore-input.cgi', 'x', { 'content-length': 99 })
        assert.equal(await textOf(stream), 'ignored\n')
        // RFC 9113 section 8.1: the answer is complete, and no more is wanted of the request.
        assert.equal(stream.rstCode, NGHTTP2_NO_ERROR)
        goOn()
        assert.equal((await receive(other)).text, 'data: first\n\ndata: second\n\n')
      },
    )

    void t.test(
      'BODY-4 refuses a body that is too large, by its length or when it has become so',
      async (t) => {
        for (const chunkedBody of ['spool', 'stream']) {
          const small = await startWith(t, { bodyLimit: 10_000, chunkedBody })
          const session = sessionOf(t, small)
          const file = temporaryFile(t)
          const script = `/cgi-bin/wait-silently.cgi?${file}`
          for (const headers of [{ 'content-length': 10_001 }, {}]) {
            const some = Buffer.alloc('content-length' in headers ? 1 : 20_000)
            const stream = upload(session, script, some, headers)
            const [received] = (await once(stream, 'response')) as [{ ':status': number }]
            assert.equal(received[':status'], 413)
          }
          if (chunkedBody === 'spool') assert.ok(!existsSync(file), 'nothing was started')
          await stillServes(session)
        }
      },
    )

    void t.test('BODY-4 a body that is cut short', async (t) => {
      const promised = { 'content-length': 1000 }
      type Cut = (stream: ClientHttp2Stream, session: ClientHttp2Session) => void
      /** Node's client ends the body of a stream before it resets it: it must promise more. */
      const cuts: Record<string, [cut: Cut, ...headers: OutgoingHttpHeaders[]]> = {
        'a reset': [(stream) => stream.close(NGHTTP2_CANCEL), promised],
        'a reset without an error': [(stream) => stream.close(NGHTTP2_NO_ERROR), promised],
        'the end of the session': [(_stream, session) => session.destroy(), promised, {}],
        'the end of the connection': [
          (_stream, session) => connectionOf(session).destroy(),
          promised,
          {},
        ],
      }
      for (const [how, [cut, ...framings]] of Object.entries(cuts)) {
        void t.test(`BODY-4 ${how} stops the script, which never takes it for whole`, async (t) => {
          for (const killOnDisconnect of [true, false]) {
            const own = await startWith(t, { chunkedBody: 'stream', killOnDisconnect })
            for (const headers of framings) {
              const known = own.log.length
              const session = sessionOf(t, own)
              const stream = upload(session, '/cgi-bin/answer-and-read.cgi', 'half', headers)
              const pid = await pidLogged(own, 'early', known)
              cut(stream, session)
              await untilGone(pid)
              assert.ok(!own.log.some(({ message }) => message.startsWith('it was')))
            }
          }
        })

        if (framings.length === 1) continue
        void t.test(`BODY-4 ${how} starts nothing before the body is there`, async (t) => {
          const file = temporaryFile(t)
          for (const size of [1, 100_000]) {
            const session = sessionOf(t)
            const url = `/cgi-bin/wait-silently.cgi?${file}`
            const stream = upload(session, url, Buffer.alloc(size))
            // Its turn comes after what has been sent before.
            await stillServes(session)
            cut(stream, session)
            await stillServes(sessionOf(t))
          }
          assert.ok(!existsSync(file), 'nothing was started')
        })
      }
    })

    // Written frame by frame, since Node's client would end the body before the reset.
    if (adapter.scheme === 'http')
      void t.test('BODY-4 a reset before the end of a body that has no length', async (t) => {
        const own = await startWith(t, { chunkedBody: 'stream' })
        for (const code of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR]) {
          const known = own.log.length
          const socket = await dial(own)
          t.after(() => socket.destroy())
          const request = [postHeaders('/cgi-bin/answer-and-read.cgi'), data('half')]
          socket.write(Buffer.concat([preface(), ...request]))
          const pid = await pidLogged(own, 'early', known)
          socket.write(reset(code))
          await untilGone(pid)
          assert.ok(!own.log.some(({ message }) => message.startsWith('it was')))
        }
      })

    void t.test('BODY-6 a length that is not that of the body', async (t) => {
      for (const [length, body] of [
        [3, 'much longer'],
        [1000, 'short'],
      ] as const) {
        const known = gateway.log.length
        const session = sessionOf(t)
        const headers = { 'content-length': length }
        const stream = upload(session, '/cgi-bin/answer-and-read.cgi', body, headers)
        stream.end()
        const pid = await Promise.race([
          pidLogged(gateway, 'early', known),
          closed(stream).then(() => 0),
        ])
        if (pid > 0) await untilGone(pid)
        await closed(stream)
        // RFC 9113 section 8.1.1: it is malformed.
        assert.equal(stream.rstCode, constants.NGHTTP2_PROTOCOL_ERROR)
        assert.ok(!gateway.log.slice(known).some(({ message }) => message.startsWith('it was')))
      }
      await stillServes(sessionOf(t))
    })

    void t.test('BODY-1 tells a client that asks to go on', async (t) => {
      const headers = { ':method': 'POST', ':path': '/cgi-bin/echo.cgi', expect: '100-continue' }
      const stream = sessionOf(t).request(headers)
      await once(stream, 'continue')
      stream.end('body')
      assert.equal(await textOf(stream), 'body')
    })

    void t.test('HDR-3 sends nothing that HTTP/2 forbids', async (t) => {
      const forbidden = [
        'Connection: close, X-Named',
        'Keep-Alive: timeout=9',
        'Transfer-Encoding: chunked',
        'Upgrade: x',
        'Proxy-Connection: x',
        'HTTP2-Settings: x',
        'TE: trailers',
        'X-Named: x',
      ]
      const kept = ['Content-Type: text/plain', 'Set-Cookie: a=1', 'Set-Cookie: b=2', 'X-Mixed: c']
      const bytes = [...forbidden, ...kept, 'Status: 404 Own Words', '', 'body'].join('\n')
      const answer = await ask(sessionOf(t), saying(bytes))
      assert.equal(answer.status, 404)
      const own = ['date', 'content-length']
      const names = answer.fields.map(([name]) => name).filter((name) => !own.includes(name))
      assert.deepEqual(names.toSorted(), ['content-type', 'set-cookie', 'set-cookie', 'x-mixed'])
      assert.deepEqual(answer.all('set-cookie'), ['a=1', 'b=2'])
      assert.equal(answer.text, 'body')
    })

    void t.test(
      'HDR-3 sends once what Node has once in HTTP/2: the last value, or the list',
      async (t) => {
        const session = sessionOf(t)
        const cases = {
          'Content-Type': 'c',
          ETag: 'c',
          Date: 'c',
          Age: 'c',
          'Content-Language': 'a, c',
        }
        for (const [name, value] of Object.entries(cases)) {
          const answer = await ask(session, saying(`${name}: a\nX-Other: b\n${name}: c\n\nbody`))
          assert.equal(answer.status, 200)
          assert.deepEqual(answer.all(name), [value])
        }
        await stillServes(session)
      },
    )

    void t.test('HDR-1 sends a header as large as a script may write', async (t) => {
      const session = sessionOf(t)
      const value = 'x'.repeat(8_000)
      const answer = await ask(session, saying(`X-Large: ${value}\n\nbody`))
      assert.deepEqual(answer.all('x-large'), [value])
      await stillServes(session)
    })

    void t.test('HDR-2 hints go to the client before the response', async (t) => {
      const { pipe, goOn } = gate(t)
      const stream = sessionOf(t).request({ ':path': `/cgi-bin/hint.cgi?${pipe}` })
      const [hints] = (await once(stream, 'headers')) as [OutgoingHttpHeaders]
      assert.equal(hints[':status'], 103)
      assert.equal(hints['link'], '</a.css>; rel=preload; as=style')
      goOn()
      assert.equal(await textOf(stream), 'answered')
    })

    void t.test('HDR-4 reads an NPH script like any other', async (t) => {
      const session = sessionOf(t)
      const answer = await ask(session, '/cgi-bin/nph-report.cgi')
      assert.equal(answer.status, 299)
      assert.deepEqual(answer.all('x-own'), ['yes'])
      assert.deepEqual(answer.all('connection'), [])
      assert.equal(answer.text, 'own body')
      await stillServes(session)
    })

    void t.test('RES-5, RES-6 reset a response that is not whole, and only that', async (t) => {
      const session = sessionOf(t)
      const { pipe, goOn } = gate(t)
      const other = await openHttp2(session, `/cgi-bin/event.cgi?${pipe}`)
      const killing = gate(t)
      const cases = [
        saying('Content-Length: 5\nContent-Type: text/plain\n\nbody'),
        `/cgi-bin/kill-itself.cgi?${killing.pipe}`,
      ]
      for (const url of cases) {
        const stream = session.request({ ':path': url }).resume()
        stream.on('error', () => {})
        await once(stream, 'response')
        if (url.includes('kill')) killing.goOn()
        await closed(stream)
        assert.equal(stream.rstCode, NGHTTP2_INTERNAL_ERROR)
      }
      goOn()
      assert.equal((await receive(other)).text, 'data: first\n\ndata: second\n\n')
    })

    void t.test('RES-4 does not read more of a script than the client takes', async (t) => {
      const session = sessionOf(t)
      const response = await openHttp2(session, `/cgi-bin/zeros.cgi?${50 * MEGABYTE}`)
      response.pause()
      // Other streams are not held up by it.
      await stillServes(session)
      assert.equal((await receive(response)).bytes.length, 50 * MEGABYTE)
    })

    void t.test('LIFE-5 a request that has ended waits for its answer', async (t) => {
      const { pipe, goOn } = gate(t)
      const response = await openHttp2(sessionOf(t), `/cgi-bin/event.cgi?${pipe}`)
      const chunks = chunksOf(response)
      assert.equal(await chunks(), 'data: first\n\n')
      goOn()
      assert.equal(await chunks(), 'data: second\n\n')
    })

    void t.test('LIFE-1 stops the script of a stream that is reset, and only that', async (t) => {
      const session = sessionOf(t)
      const { pipe, goOn } = gate(t)
      const other = await openHttp2(session, `/cgi-bin/event.cgi?${pipe}`)

      for (const code of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR]) {
        const file = temporaryFile(t)
        const silent = session.request({ ':path': `/cgi-bin/wait-silently.cgi?${file}` })
        const silentPids = await pidsIn(file)
        silent.close(code)
        await untilGone(...silentPids)

        const known = gateway.log.length
        const reading = upload(session, '/cgi-bin/answer-and-wait.cgi?X-Closed:%201', 'half')
        reading.close(code)
        const half = { 'content-length': 1000 }
        const second = upload(session, '/cgi-bin/answer-and-wait.cgi?X-Closed:%201', 'half', half)
        const pid = await pidLogged(gateway, 'waiting', known)
        second.close(code)
        await untilGone(pid)

        const streaming = session.request({ ':path': '/cgi-bin/wait.cgi' })
        const [line] = (await once(streaming, 'data')) as [Buffer]
        const pids = line.toString().trim().split(' ').map(Number)
        assert.ok(pids.every(isRunning))
        streaming.close(code)
        await untilGone(...pids)
      }

      goOn()
      assert.equal((await receive(other)).text, 'data: first\n\ndata: second\n\n')
    })

    void t.test('LIFE-1 stops a script with unread output when its stream is reset', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, killTimeout: 500 })
      const session = sessionOf(t, own)
      for (const code of [NGHTTP2_CANCEL, NGHTTP2_NO_ERROR, NGHTTP2_INTERNAL_ERROR]) {
        const response = await openHttp2(session, '/cgi-bin/endless.cgi')
        response.on('error', () => {})
        await once(response, 'readable')
        response.close(code)
        // There is one slot: it is free.
        await stillServes(session)
      }
    })

    void t.test(
      'LIFE-1 a script that reads on after an answer without content ends with its client',
      async (t) => {
        const session = sessionOf(t)
        for (const header of ['Status: 204', 'Status: 304', 'Content-Length: 0', 'X-Closed: 1']) {
          const known = gateway.log.length
          const url = `/cgi-bin/answer-and-wait.cgi?${header.replace(' ', '%20')}`
          const stream = upload(session, url, 'half', { 'content-length': 1000 })
          const pid = await pidLogged(gateway, 'waiting', known)
          stream.close(NGHTTP2_CANCEL)
          await untilGone(pid)
        }
        await stillServes(session)
      },
    )

    void t.test('LIFE-1 stops every script of a session that ends', async (t) => {
      const endings: ((session: ClientHttp2Session) => void)[] = [
        (session) => session.destroy(),
        (session) => session.destroy(undefined, NGHTTP2_CANCEL),
        (session) => connectionOf(session).destroy(),
      ]
      for (const end of endings) {
        const session = sessionOf(t)
        const files = [1, 2, 3].map(() => temporaryFile(t))
        for (const file of files) {
          const stream = session.request({ ':path': `/cgi-bin/wait-silently.cgi?${file}` })
          stream.on('error', () => {})
        }
        const silent = (await Promise.all(files.map(pidsIn))).flat()
        const streaming = session.request({ ':path': '/cgi-bin/wait.cgi' })
        streaming.on('error', () => {})
        const [line] = (await once(streaming, 'data')) as [Buffer]
        end(session)
        await untilGone(...silent, ...line.toString().trim().split(' ').map(Number))
      }
    })

    void t.test(
      'LIM-1 headersTimeout: 408 where it is the client that is waited for',
      async (t) => {
        const own = await startWith(t, { headersTimeout: 300, bodyTimeout: 300 })
        const session = sessionOf(t, own)
        for (const headers of [{ 'content-length': 100 }, {}]) {
          const script = `/cgi-bin/wait-silently.cgi?${temporaryFile(t)}`
          const stream = upload(session, script, 'half', headers).resume()
          const [received] = (await once(stream, 'response')) as [{ ':status': number }]
          assert.equal(received[':status'], 408)
        }
        await stillServes(session)
      },
    )

    void t.test('LIM-2 a hundred streams at once, few of them served at a time', async (t) => {
      const own = await startWith(t, { maxProcesses: 4 })
      const session = sessionOf(t, own)
      await once(session, 'remoteSettings')
      const answers = Array.from({ length: 100 }, (_, index) =>
        ask(session, '/cgi-bin/echo.cgi', { method: 'POST', body: `body ${index}` }),
      )
      for (const [index, answer] of (await Promise.all(answers)).entries()) {
        assert.equal(answer.text, `body ${index}`)
      }
    })

    void t.test('LIM-2 a stream that is reset in the queue leaves a place in it', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 1 })
      const session = sessionOf(t, own)
      const holding = session.request({ ':path': '/cgi-bin/wait.cgi' })
      const [line] = (await once(holding, 'data')) as [Buffer]
      const pids = line.toString().trim().split(' ').map(Number)
      const queued = session.request({ ':path': saying('Status: 200\n\n') })
      assert.equal((await ask(session, saying('Status: 200\n\n'))).status, 503)
      queued.close(NGHTTP2_CANCEL)
      // There is a place again.
      const next = ask(session, saying('Status: 200\n\n'))
      holding.close(NGHTTP2_CANCEL)
      await untilGone(...pids)
      assert.equal((await next).status, 200)
    })

    void t.test('Errors are answered as they are in HTTP/1.1', async (t) => {
      const session = sessionOf(t)
      const cases = [
        ['/cgi-bin/none.cgi', 404],
        ['/cgi-bin/%00', 400],
        ['/cgi-bin/not-executable.txt', 403],
        ['/cgi-bin/no-interpreter.cgi', 500],
        [saying('Bad Name: secret\n\n'), 502],
      ] as const
      for (const [url, status] of cases) {
        const answer = await ask(session, url, { method: 'POST', body: 'x'.repeat(100_000) })
        assert.equal(answer.status, status, url)
        assert.doesNotMatch(answer.text, /secret|\.js/)
      }
    })
  })
}

/** All that comes on a stream until it is closed, by whichever side. */
async function textOf(stream: ClientHttp2Stream): Promise<string> {
  let text = ''
  stream.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')))
  await once(stream, 'close')
  return text
}

/** The end of a stream, whichever it is; an error is one, too. */
function closed(stream: ClientHttp2Stream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed) resolve()
    else stream.once('close', () => resolve())
  })
}
