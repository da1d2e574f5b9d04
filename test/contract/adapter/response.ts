import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import type { Answer } from '../../support/answer.js'
import { chunksOf, dial, exchange, open, readUntil, receive, send } from '../../support/client.js'
import { CGI_BIN, readReport, saying } from '../../support/fixtures.js'
import { http1TestOf } from '../http1.js'

/** What a client gets of what a script writes. */
export function responseSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`HDR, RES (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    const say = (bytes: string | Buffer, slowly = false): Promise<Answer> =>
      send(gateway, saying(bytes, slowly))

    /** HTTP/2 has no reason phrases (RFC 9113 section 8.3.2). */
    const reason = (phrase: string): string => (adapter.httpVersion === 1 ? phrase : '')

    /** The script's bytes are refused; the log names the script and says why. */
    async function refused(bytes: string | Buffer, why: RegExp, line?: number): Promise<void> {
      const known = gateway.log.length
      const answer = await say(bytes)
      assert.equal(answer.status, 502, JSON.stringify(bytes.toString('latin1')))
      assert.ok(!answer.text.includes('secret'))
      const record = await gateway.logged(
        (each) => gateway.log.indexOf(each) >= known && each['statusCode'] === 502,
      )
      assert.match(String(record['reason']), why)
      assert.equal(record['script'], path.join(CGI_BIN, 'say.cgi'))
      if (line !== undefined) assert.equal(record['line'], line)
    }

    void t.test("HDR-2 a script's own status line wins", async (t) => {
      const json = '{"error":"not for you"}'
      const headers = {
        'Content-Type first': ['Content-Type: application/json', 'Status: 403 Forbidden'],
        'Status first': ['Status: 403 Forbidden', 'Content-Type: application/json'],
        'Status without a reason': ['Content-Type: application/json', 'Status: 403'],
      }
      for (const [name, lines] of Object.entries(headers)) {
        for (const [ending, newline] of [
          ['LF', '\n'],
          ['CRLF', '\r\n'],
        ] as const) {
          for (const slowly of [false, true]) {
            const how = slowly ? 'byte by byte' : 'at once'
            void t.test(`HDR-2 ${name}, lines end in ${ending}, ${how}`, async () => {
              const answer = await say([...lines, '', json].join(newline), slowly)
              assert.equal(answer.status, 403)
              assert.equal(answer.reason, reason('Forbidden'))
              assert.deepEqual(answer.all('content-type'), ['application/json'])
              assert.deepEqual(answer.all('status'), [])
              assert.equal(answer.text, json)
            })
          }
        }
      }
    })

    void t.test('HDR-2 sends the reason that the script gives', async () => {
      const answer = await say('Status: 418 Short & Stout\n\n')
      assert.equal(answer.status, 418)
      assert.equal(answer.reason, reason('Short & Stout'))
    })

    void t.test('HDR-2 refuses a status that is none', async () => {
      for (const status of ['99', '1000', '099', '199', '600', 'OK', '40x', '', '4 04']) {
        await refused(`Status: ${status}\n\nsecret`, /Status is not a code/)
      }
      await refused('Status: 200\nStatus: 404\n\nsecret', /two different Status values/)
      assert.equal((await say('Status: 404\nStatus: 404 Not Found\n\n')).status, 404)
    })

    void t.test('HDR-1 refuses a header that is none, and says which line and why', async () => {
      await refused('Content-Type: text/plain\nBad Name: x\n\nsecret', /not a field name/, 2)
      await refused('secret\n\n', /no colon/, 1)
      await refused(': x\n\n', /not a field name/, 1)
      await refused(' folded: x\n\n', /continues a field/, 1)
      await refused('A: x\0y\n\n', /control character/, 1)
      await refused('A: x\ry\n\n', /control character/, 1)
      await refused('A: x\nB: \x1b[31m\n\n', /control character/, 2)
      await refused('N\xe4me: x\n\n', /not a field name/, 1)
    })

    void t.test('HDR-1 keeps bytes, folds lines, trims blanks', async () => {
      const bytes = Buffer.from(
        'Content-Type:text/plain\r\nX-Latin1: \xe9\nX-Utf8: \xc3\xa9\nX-Folded: a\n \t b\r\n\tc\n' +
          'X-Blanks: \t x y \t \nX-Colon: a:b: c\nX-Empty:\n\n',
        'latin1',
      )
      const answer = await say(bytes)
      const expected = {
        'X-Latin1': '\xe9',
        'X-Utf8': '\xc3\xa9',
        'X-Folded': 'a b c',
        'X-Blanks': 'x y',
        'X-Colon': 'a:b: c',
        'X-Empty': '',
      }
      for (const [name, value] of Object.entries(expected)) {
        assert.deepEqual(answer.all(name), [value], name)
      }
    })

    void t.test('HDR-1 bounds the size of a header', async (t) => {
      const answer = await send(gateway, '/cgi-bin/endless-header.cgi')
      assert.equal(answer.status, 502)
      const record = await gateway.logged(({ code }) => code === 'CGI_ERR_HEADER_TOO_LARGE')
      assert.match(String(record['reason']), /65536/)
      const small = await adapter.start({ options: { root: CGI_BIN, maxHeaderSize: 20 } })
      t.after(() => small.close())
      assert.equal((await send(small, saying('Status: 200\nA: xxx\n\n'))).status, 200)
      assert.equal((await send(small, saying('Status: 200\nA: xxxx\n\n'))).status, 502)
    })

    void t.test(
      'HDR-3 keeps duplicates in order, and drops what belongs to the connection',
      async () => {
        const answer = await say(
          'Set-Cookie: a=1; Path=/\nX-Two: 1\nSet-Cookie: b=2\nX-Two: 2\nContent-Type: text/plain\n' +
            'Connection: close, X-Named\nKeep-Alive: timeout=999\nTransfer-Encoding: gzip\n' +
            'Upgrade: x\nTrailer: x\nTE: x\nProxy-Connection: x\nX-Named: x\n\nbody',
        )
        assert.deepEqual(answer.all('set-cookie'), ['a=1; Path=/', 'b=2'])
        // Joined, they mean the same (RFC 9110 section 5.3).
        assert.equal(answer.all('x-two').join(', '), '1, 2')
        for (const name of ['upgrade', 'trailer', 'te', 'proxy-connection', 'x-named']) {
          assert.deepEqual(answer.all(name), [], name)
        }
        assert.ok(!answer.all('keep-alive').some((value) => value.includes('999')))
        assert.ok(!answer.all('transfer-encoding').includes('gzip'))
        assert.equal(answer.text, 'body')
      },
    )

    http1Test(t, 'HDR-4 sends the output of an NPH script as it is', async () => {
      const request = 'GET /cgi-bin/nph-report.cgi HTTP/1.1\r\nHost: a\r\n\r\n'
      assert.equal(
        await exchange(gateway, request),
        'HTTP/1.1 299 Own Words\r\nX-Own: yes\r\nConnection: close\r\n\r\nown body',
      )
    })

    void t.test('HDR-4 answers 502 where an NPH script writes nothing', async () => {
      const silent = await send(gateway, '/cgi-bin/nph-silent.cgi')
      assert.equal(silent.status, 502)
    })

    void t.test('HDR-4 reads an NPH script like any other with nph: false', async (t) => {
      const parsed = await adapter.start({ options: { root: CGI_BIN, nph: false } })
      t.after(() => parsed.close())
      const answer = await send(parsed, '/cgi-bin/nph-report.cgi')
      assert.equal(answer.status, 299)
      assert.equal(answer.reason, reason('Own Words'))
      assert.deepEqual(answer.all('x-own'), ['yes'])
      assert.equal(answer.text, 'own body')
    })

    void t.test('HDR-4 reads a status line that a script begins with', async () => {
      const answer = await say('HTTP/1.0 404 Gone Fishing\r\nContent-Type: text/plain\r\n\r\nx')
      assert.equal(answer.status, 404)
      assert.equal(answer.reason, reason('Gone Fishing'))
      assert.ok(!answer.fields.some(([name]) => name.startsWith('HTTP')))
      await refused('HTTP/1.0 404 Not Found\nStatus: 200\n\nsecret', /two different Status/)
    })

    void t.test('RES-1 refuses output that is no response', async () => {
      const empty = await send(gateway, saying(''))
      assert.equal(empty.status, 502)
      await refused('\nsecret', /header is empty/)
      await refused('Content-Type: text/plain\nsecret', /ended after/)
      await refused('Content-Type: text/plain\n', /ended after/)
    })

    void t.test('RES-1 delivers a body without Content-Type, unless strict', async (t) => {
      const answer = await say('X-Any: x\n\nbody')
      assert.equal(answer.status, 200)
      assert.deepEqual(answer.all('content-type'), [])
      assert.equal(answer.text, 'body')
      const strict = await adapter.start({ options: { root: CGI_BIN, strict: true } })
      t.after(() => strict.close())
      assert.equal((await send(strict, saying('X-Any: x\n\nbody'))).status, 502)
      assert.equal((await send(strict, saying('Status: 404\n\n'))).status, 404)
      assert.equal((await send(strict, saying('Content-Type: a/b\n\nbody'))).text, 'body')
    })

    void t.test(
      'RES-2 answers a local redirect with another resource of the application',
      async () => {
        assert.equal((await say('Location: /plain?a=%20b\n\n')).text, 'plain GET a=%20b')
        assert.equal((await say('Location: /no/such/place\n\n')).status, 404)
        const redirect = saying('Location: /cgi-bin/report.cgi/p?q\n\n')
        const posted = await send(gateway, redirect, {
          method: 'POST',
          headers: ['Content-Type', 'text/x-test', 'X-Kept', 'yes'],
          body: 'x'.repeat(100_000),
        })
        assert.equal(posted.status, 200)
        const { variables, input } = readReport(posted.text)
        assert.equal(variables.get('REQUEST_METHOD'), 'GET')
        assert.equal(variables.get('CONTENT_LENGTH'), undefined)
        assert.equal(variables.get('CONTENT_TYPE'), undefined)
        assert.equal(variables.get('HTTP_X_KEPT'), 'yes')
        assert.equal(variables.get('PATH_INFO'), '/p')
        assert.equal(variables.get('QUERY_STRING'), 'q')
        assert.equal(variables.get('REDIRECT_URL'), '/cgi-bin/say.cgi')
        assert.equal(variables.get('REDIRECT_QUERY_STRING'), redirect.split('?')[1])
        assert.equal(variables.get('REQUEST_URI'), redirect)
        assert.equal(input, '')
      },
    )

    void t.test('RES-2 ends a loop of local redirects', async () => {
      assert.equal((await send(gateway, '/cgi-bin/loop.cgi')).status, 502)
    })

    void t.test('RES-3 sends other redirects to the client', async () => {
      const cases = [
        ['Location: http://example.org/a?b#c\n\n', 302, 'http://example.org/a?b#c'],
        [
          'Location: http://example.org/\nContent-Type: text/plain\n\nx',
          302,
          'http://example.org/',
        ],
        [
          'Status: 301 Moved Permanently\nLocation: http://example.org/\n\n',
          301,
          'http://example.org/',
        ],
        ['Status: 302 Found\nLocation: /x\n\n', 302, '/x'],
        ['Status: 307\nLocation: x/y\nContent-Type: text/plain\n\nx', 307, 'x/y'],
        ['Location: /x\nSet-Cookie: a=b\n\n', 302, '/x'],
        ['Location: /x#part\n\n', 302, '/x#part'],
        ['Location: x\n\n', 302, 'x'],
        ['Status: 201\nLocation: /new\nContent-Type: text/plain\n\nx', 201, '/new'],
      ] as const
      for (const [bytes, status, location] of cases) {
        const answer = await say(bytes)
        assert.equal(answer.status, status, bytes)
        assert.deepEqual(answer.all('location'), [location], bytes)
        assert.equal(answer.text, bytes.endsWith('x') ? 'x' : '', bytes)
      }
      await refused('Location:\n\n', /the header is empty/)
      const unsent = await say('Location:\nContent-Length:\nContent-Type: text/plain\n\nbody')
      assert.deepEqual([unsent.status, unsent.text], [200, 'body'])
      assert.deepEqual(unsent.all('location'), [])
    })

    /** A named pipe that a script waits on, and how to let it go on. */
    function gate(t: Test): { pipe: string; goOn: () => void } {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const pipe = path.join(folder, 'gate')
      execFileSync('mkfifo', [pipe])
      return { pipe, goOn: () => writeFileSync(pipe, '\n') }
    }

    void t.test('RES-4 delivers each event when the script has flushed it', async (t) => {
      const { pipe, goOn } = gate(t)
      const response = await open(gateway, `/cgi-bin/event.cgi?${pipe}`)
      assert.equal(response.headers['content-type'], 'text/event-stream')
      const chunks = chunksOf(response)
      assert.equal(await chunks(), 'data: first\n\n')
      goOn()
      assert.equal(await chunks(), 'data: second\n\n')
      assert.equal(await chunks(), null)
    })

    void t.test('RES-4 delivers a header before there is a body', async (t) => {
      const { pipe, goOn } = gate(t)
      const response = await open(gateway, `/cgi-bin/header-only.cgi?${pipe}`)
      assert.equal(response.statusCode, 200)
      goOn()
      assert.equal((await receive(response)).text, 'body')
    })

    void t.test('RES-5 keeps to the length that the script has promised', async () => {
      const exact = await say('Content-Length: 4\nContent-Type: text/plain\n\nbody')
      assert.deepEqual(exact.all('content-length'), ['4'])
      assert.deepEqual(exact.all('transfer-encoding'), [])
      assert.equal(exact.text, 'body')
      const more = await say('Content-Length: 4\nContent-Type: text/plain\n\nbody and more')
      assert.equal(more.text, 'body')
      await assert.rejects(say('Content-Length: 5\nContent-Type: text/plain\n\nbody'))
      const record = await gateway.logged(({ code }) => code === 'CGI_ERR_SHORT_BODY')
      assert.match(String(record['reason']), /1 bytes/)
      await refused('Content-Length: 4\nContent-Length: 5\n\nbody', /two different content-length/)
      await refused('Content-Length: x\n\nbody', /Content-Length is not a number/)
    })

    void t.test(
      'RES-5 sends no body where there must be none, and does not block the script',
      async () => {
        for (const status of [204, 205, 304]) {
          const answer = await say(`Status: ${status}\nContent-Type: text/plain\n\nsecret`)
          assert.equal(answer.status, status)
          assert.equal(answer.text, '')
        }
        for (const [length, expected] of [
          ['', []],
          ['Content-Length: 6\n', ['6']],
        ] as const) {
          const url = saying(`Content-Type: text/plain\n${length}\nsecret`)
          const answer = await send(gateway, url, { method: 'HEAD' })
          assert.equal(answer.status, 200)
          assert.deepEqual(answer.all('content-length'), expected)
          assert.equal(answer.text, '')
        }
        // More than a pipe holds: a script that blocked would hold its slot for ever.
        const big = await send(gateway, '/cgi-bin/zeros.cgi?5000000', { method: 'HEAD' })
        assert.equal(big.status, 200)
      },
    )

    http1Test(t, 'RES-5 keeps a connection in step', async (t) => {
      const socket = await dial(gateway)
      t.after(() => socket.destroy())
      const urls = [
        saying('Content-Length: 4\n\nbody and more'),
        saying('Status: 204\n\nsecret'),
        saying('Status: 304\n\nsecret'),
        '/plain?last',
      ]
      socket.write(urls.map((url) => `GET ${url} HTTP/1.1\r\nHost: a\r\n\r\n`).join(''))
      const responses = await readUntil(socket, /plain GET last/)
      assert.deepEqual(responses.match(/HTTP\/1\.1 \d+/g), [
        'HTTP/1.1 200',
        'HTTP/1.1 204',
        'HTTP/1.1 304',
        'HTTP/1.1 200',
      ])
      assert.doesNotMatch(responses, /more|secret/)
    })

    void t.test('RES-6 lets the client tell that a script was killed', async (t) => {
      const { pipe, goOn } = gate(t)
      const response = await open(gateway, `/cgi-bin/kill-itself.cgi?${pipe}`)
      goOn()
      await assert.rejects(receive(response))
      const record = await gateway.logged(({ code }) => code === 'CGI_ERR_KILLED')
      assert.equal(record['signal'], 'SIGKILL')
      assert.equal(record['script'], path.join(CGI_BIN, 'kill-itself.cgi'))
    })

    // A connection of TLS cannot be reset.
    const plainTest = adapter.scheme === 'http' ? http1Test : (): void => {}
    plainTest(t, 'RES-6 lets a client of HTTP/1.0 tell, by the only sign there is', async (t) => {
      const { pipe, goOn } = gate(t)
      const socket = await dial(gateway)
      const reset = once(socket, 'error')
      socket.write(`GET /cgi-bin/kill-itself.cgi?${pipe} HTTP/1.0\r\n\r\n`)
      await readUntil(socket, /half/)
      goOn()
      const [error] = (await reset) as [NodeJS.ErrnoException]
      assert.equal(error.code, 'ECONNRESET')
    })

    void t.test('RES-6 answers 502 where a script was killed before it answered', async () => {
      const answer = await send(gateway, '/cgi-bin/kill-itself-early.cgi')
      assert.equal(answer.status, 502)
      await gateway.logged(({ signal }) => signal === 'SIGSEGV')
    })

    void t.test('RES-6 serves a response whose script exits with a code, and logs it', async () => {
      const answer = await send(gateway, '/cgi-bin/exit-3.cgi')
      assert.equal(answer.text, 'answered\n')
      const record = await gateway.logged(({ exitCode }) => exitCode === 3)
      assert.equal(record['script'], path.join(CGI_BIN, 'exit-3.cgi'))
    })
  })
}
