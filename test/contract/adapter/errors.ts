import { strict as assert } from 'node:assert'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { exchange, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { http1TestOf } from '../http1.js'

function repeat(count: number, field: (n: number) => string[]): string[] {
  return Array.from({ length: count }, (_, n) => field(n)).flat()
}

/** The response to a client whose script failed. */
export function errorSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`Errors (${adapter.name})`, async (t) => {
    let development: RunningGateway
    let production: RunningGateway
    t.before(async () => {
      development = await adapter.start({ options: { root: CGI_BIN, errorPage: true } })
      production = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(async () => {
      await Promise.all([development.close(), production.close()])
    })

    const script = path.join(CGI_BIN, 'fail.cgi')

    void t.test('Errors JSON for an API client says all that is known', async () => {
      const headers = ['Accept', 'application/json, */*;q=0.1']
      const answer = await send(development, '/cgi-bin/fail.cgi', { headers })
      assert.equal(answer.status, 502)
      assert.deepEqual(answer.all('content-type'), ['application/json'])
      const { pid, ...facts } = JSON.parse(answer.text) as Record<string, unknown>
      assert.equal(typeof pid, 'number')
      assert.deepEqual(facts, {
        statusCode: 502,
        code: 'CGI_ERR_NO_RESPONSE',
        error: 'Bad Gateway',
        message: 'The script ended without a response',
        script,
        reason: 'the output ended after 0 bytes',
        exitCode: 3,
        signal: null,
        standardError: 'the <secret> of "fail" & its reason\n',
      })
    })

    void t.test('Errors a hint for what cannot be seen in the output', async () => {
      const headers = ['Accept', 'application/json']
      const utf16 = Buffer.from('\ufeffContent-Type: text/html\n\n', 'utf16le')
      for (const [bytes, told] of [
        ['\ufeffContent-Type: text/html\n\n', /byte order mark/],
        [utf16, /UTF-16/],
        ['Content-Type: text/html\r\r\n\r\r\n', /two carriage returns/],
        ['Content-Type : text/html\n\n', /between the name of the field and its colon/],
        ['Status: OK\n\n', /from 200 to 599/],
        ['The database is locked, try again later.\n', /looks like a message/],
      ] as const) {
        const answer = await send(development, saying(bytes), { headers })
        assert.equal(answer.status, 502)
        const { hint } = JSON.parse(answer.text) as { hint?: string }
        assert.match(hint ?? '', told)
      }
    })

    const HUGE: readonly [what: string, headers: string[]][] = [
      ['a field in several lines', repeat(4, () => ['X-A', 'x'.repeat(40_000)])],
      ['many fields', repeat(100, (n) => [`X-${n}`, 'x'.repeat(65_000)])],
    ]
    for (const [what, headers] of HUGE) {
      // Servers of HTTP/2 take a header of some 100 KB in compressed form.
      if (adapter.httpVersion === 2 && headers.length > 8) continue
      void t.test(
        `LIFE-3 answers 431 to ${what} that no program takes, before all else`,
        async (t) => {
          let asked = 0
          const authenticate = (): null => {
            asked += 1
            return null
          }
          const options = { root: CGI_BIN, authenticate, maxProcesses: 1, maxQueue: 0 }
          const gateway = await adapter.start({ options, maxHeaderSize: 8 * 1024 * 1024 })
          t.after(() => gateway.close())
          const answer = await send(gateway, '/cgi-bin/fail.cgi', {
            method: 'POST',
            headers,
            body: 'x',
          })
          assert.deepEqual([answer.status, asked, gateway.stats().started], [431, 0, 0])
          assert.equal(gateway.stats().failed, 0)
          const small = await send(gateway, '/cgi-bin/fail.cgi')
          assert.deepEqual([small.status, asked, gateway.stats().started], [502, 1, 1])
        },
      )
    }

    void t.test('Errors HTML for a browser, with nothing of the script as markup', async () => {
      const headers = ['Accept', 'text/html,*/*;q=0.8']
      const answer = await send(development, '/cgi-bin/fail.cgi', { headers })
      assert.equal(answer.status, 502)
      assert.equal(answer.reason, adapter.httpVersion === 1 ? 'Bad Gateway' : '')
      assert.deepEqual(answer.all('content-type'), ['text/html; charset=utf-8'])
      assert.deepEqual(answer.all('content-length'), [String(answer.bytes.length)])
      assert.match(answer.all('content-security-policy').join(), /^default-src 'none'; style-src/)
      assert.match(answer.text, /the &lt;secret&gt; of &quot;fail&quot; &amp; its reason/)
      assert.ok(answer.text.includes(script))
      const bad = await send(development, saying('<script>x</script>\n\n'), { headers })
      assert.match(bad.text, /Line 1 of output<\/dt><dd><code>&lt;script&gt;x&lt;\/script&gt;</)
    })

    void t.test('Errors the status alone for a client without an Accept field', async () => {
      const answer = await send(development, '/cgi-bin/fail.cgi')
      assert.equal(answer.status, 502)
      assert.doesNotMatch(JSON.stringify([answer.fields, answer.text]), /fail\.cgi|secret|exit/)
    })

    void t.test(
      'Errors text for a client that accepts anything, with the beginning of the output',
      async () => {
        const headers = ['Accept', '*/*']
        const bytes = 'Content-Type: text/plain\nX-Two: 2\n'
        const answer = await send(development, saying(bytes), { headers })
        assert.equal(answer.status, 502)
        assert.deepEqual(answer.all('content-type'), ['text/plain; charset=utf-8'])
        assert.match(answer.text, /^Output begins: +Content-Type: text\/plain\n +X-Two: 2\n/m)
      },
    )

    http1Test(t, 'Errors HEAD and HTTP/1.0 get the same answer', async () => {
      const headers = ['Accept', 'text/html']
      const get = await send(development, '/cgi-bin/not-executable.txt', { headers })
      assert.equal(get.status, 403)
      assert.match(get.text, /chmod \+x/)
      const head = await send(development, '/cgi-bin/not-executable.txt', {
        headers,
        method: 'HEAD',
      })
      assert.equal(head.status, 403)
      assert.equal(head.text, '')
      for (const name of ['content-type', 'content-length', 'content-security-policy']) {
        assert.deepEqual(head.all(name), get.all(name), name)
      }
      const old = await exchange(
        development,
        'GET /cgi-bin/not-executable.txt HTTP/1.0\r\nAccept: text/html\r\n\r\n',
      )
      assert.match(old, /^HTTP\/1\.1 403 Forbidden\r\n/)
      assert.equal(old.split('\r\n\r\n')[1], get.text)
    })

    http1Test(t, 'Errors a connection stays in step after the answer', async () => {
      const request = (method: string, url: string, last: string): string =>
        `${method} ${url} HTTP/1.1\r\nHost: a\r\n${last}\r\n`
      const answers = await exchange(
        development,
        request('HEAD', '/cgi-bin/fail.cgi', '') +
          request('GET', '/cgi-bin/fail.cgi', '') +
          request('GET', '/plain?last', 'Connection: close\r\n'),
      )
      assert.deepEqual(answers.match(/HTTP\/1\.1 \d+/g), [
        'HTTP/1.1 502',
        'HTTP/1.1 502',
        'HTTP/1.1 200',
      ])
      assert.ok(answers.endsWith('plain GET last'))
    })

    void t.test(
      'Errors what an option throws that is no error is a 500, and no request for the next route',
      async (t) => {
        for (const thrown of [undefined, null, 0, '', false, 'route', 'router', Symbol('s'), 7n]) {
          const fail = (): never => {
            // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
            throw thrown
          }
          for (const options of [
            { authenticate: fail },
            { env: fail },
            // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- this is what the test is about
            { authenticate: () => Promise.reject(thrown) },
          ]) {
            const gateway = await adapter.start({ options: { root: CGI_BIN, ...options } })
            t.after(() => gateway.close())
            const answer = await send(gateway, '/cgi-bin/report.cgi')
            assert.equal(answer.status, 500, String(thrown))
            assert.equal(gateway.stats().started, 0)
          }
        }
      },
    )

    void t.test('Errors what no script has to do with is answered as ever', async () => {
      const headers = ['Accept', 'text/html']
      for (const [url, status] of [
        ['/cgi-bin/none.cgi', 404],
        ['/cgi-bin/a%00b', 400],
      ] as const) {
        const answer = await send(development, url, { headers })
        const expected = await send(production, url, { headers })
        assert.equal(answer.status, status)
        assert.equal(answer.text, expected.text)
      }
    })

    void t.test(
      'Errors in production the client gets the status, and no fact about the application',
      async () => {
        for (const accept of ['text/html', 'application/json', '*/*']) {
          for (const url of ['/cgi-bin/fail.cgi', saying('the secret\n\n')]) {
            const answer = await send(production, url, { headers: ['Accept', accept] })
            assert.equal(answer.status, 502)
            const told = JSON.stringify([answer.fields, answer.text])
            assert.doesNotMatch(told, /secret|fail\.cgi|say\.cgi|exit|colon/)
          }
        }
        const record = await production.logged(({ exitCode }) => exitCode === 3)
        assert.equal(record['script'], script)
        assert.ok(!('standardError' in record))
        assert.doesNotMatch(JSON.stringify(record), /\.js\b/, 'frames of the gateway say nothing')
        const bad = await production.logged(({ line }) => line === 1)
        assert.equal(bad['output'], 'the secret')
      },
    )

    void t.test('Errors show a client nothing of the host', async () => {
      const urls = [
        '/cgi-bin/%00',
        '/cgi-bin/not-executable.txt',
        '/cgi-bin/no-interpreter.cgi',
        '/cgi-bin/kill-itself-early.cgi',
        saying('Bad Name: secret\n\n'),
      ]
      for (const url of urls) {
        const { text } = await send(production, url)
        assert.ok(!text.includes(CGI_BIN) && !/secret|\.js|node_modules|\bat /.test(text), text)
      }
    })
  })
}
