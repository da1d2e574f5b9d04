import { strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import type { Test } from 'tap'
import { gzipSync } from 'node:zlib'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { chunksOf, dial, exchange, open, readToEnd, readUntil, send } from '../../support/client.js'
import { CGI_BIN } from '../../support/fixtures.js'
import { untilGone } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'
import { pidsIn } from '../script-pids.js'

const MEGABYTE = 1024 * 1024

/** What a script gets on its standard input. */
export function requestBodySuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`BODY (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    /** What `digest.cgi` says of these bytes when it has been promised that many. */
    function digest(bytes: Buffer, promised: number | 'none'): string {
      return `promised=${promised}\n${execFileSync('cksum', { input: bytes }).toString()}`
    }

    void t.test('BODY-1 passes exactly the body on, then its end', async () => {
      for (const size of [1, 65_536, 3 * MEGABYTE]) {
        const body = randomBytes(size)
        const answer = await send(gateway, '/cgi-bin/digest.cgi', { method: 'POST', body })
        assert.equal(answer.text, digest(body, size))
      }
    })

    void t.test('BODY-1 gives an empty input where there is no body', async () => {
      const none = await send(gateway, '/cgi-bin/digest.cgi')
      assert.equal(none.text, digest(Buffer.alloc(0), 'none'))
      const empty = await send(gateway, '/cgi-bin/digest.cgi', { method: 'POST', body: '' })
      assert.equal(empty.text, digest(Buffer.alloc(0), 0))
    })

    void t.test('BODY-2 tells the length of a chunked body', async () => {
      for (const size of [0, 10, 65_536, 65_537, 3 * MEGABYTE]) {
        const bytes = randomBytes(size)
        const pieces = [bytes.subarray(0, size / 3), bytes.subarray(size / 3)]
        const body = Readable.from(pieces.filter((piece) => piece.length > 0))
        const answer = await send(gateway, '/cgi-bin/digest.cgi', { method: 'PUT', body })
        assert.equal(answer.text, digest(bytes, size))
      }
      const spooled = readdirSync(tmpdir()).filter((name) =>
        /^common-gateway-[\da-f]{8}-/.test(name),
      )
      assert.deepEqual(spooled, [])
    })

    void t.test(
      "BODY-2 passes a chunked body on as it comes with chunkedBody: 'stream'",
      async (t) => {
        const streaming = await adapter.start({ options: { root: CGI_BIN, chunkedBody: 'stream' } })
        t.after(() => streaming.close())
        const bytes = randomBytes(MEGABYTE)
        const body = Readable.from([bytes.subarray(0, 1000), bytes.subarray(1000)])
        const answer = await send(streaming, '/cgi-bin/digest.cgi', { method: 'PUT', body })
        assert.equal(answer.text, digest(bytes, 'none'))
      },
    )

    void t.test('BODY-3 a script need not read what it gets', async () => {
      const scripts = [
        ['ignore-input.cgi', 'ignored\n'],
        ['close-input.cgi', 'closed\n'],
        ['read-little.cgi', 'xxxxxxxxxx'],
      ]
      for (const [script, text] of scripts) {
        for (const connection of ['close', 'keep-alive']) {
          const body = Buffer.alloc(3 * MEGABYTE, 'x')
          const headers = ['Connection', connection]
          const sending = { method: 'POST', headers, body }
          const answer = await send(gateway, `/cgi-bin/${script}`, sending)
          assert.equal(answer.status, 200)
          assert.equal(answer.text, text)
        }
      }
    })

    http1Test(t, 'BODY-3 does not wait for a client that sends no more', async (t) => {
      const socket = await dial(gateway)
      t.after(() => socket.destroy())
      socket.write(
        'POST /cgi-bin/ignore-input.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\nx',
      )
      assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 .*ignored/s)
    })

    http1Test(
      t,
      'BODY-4 refuses a body that is too large by its length, and starts nothing',
      async (t) => {
        const small = await adapter.start({ options: { root: CGI_BIN, bodyLimit: 1000 } })
        t.after(() => small.close())
        const post = (length: number): string =>
          `POST /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n`
        // Nothing of the body is sent: the answer must not wait for it.
        assert.match(await exchange(small, post(1001)), /^HTTP\/1\.1 413 /)
        assert.match(await exchange(small, post(1000) + 'x'.repeat(1000)), /^HTTP\/1\.1 200 /)
      },
    )

    http1Test(t, 'BODY-4 refuses a chunked body when it has become too large', async (t) => {
      const pid = path.join(mkdtempSync(path.join(tmpdir(), 'common-gateway-test-')), 'pid')
      t.after(() => rmSync(path.dirname(pid), { recursive: true }))
      for (const chunkedBody of ['spool', 'stream'] as const) {
        const small = await adapter.start({
          options: { root: CGI_BIN, bodyLimit: 50_000, chunkedBody },
        })
        t.after(() => small.close())
        const script = `/cgi-bin/wait-silently.cgi?${pid}`
        const socket = await dial(small)
        t.after(() => socket.destroy())
        socket.write(`POST ${script} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`)
        const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
        for (let sent = 0; sent < 4; sent += 1) socket.write(chunk)
        assert.match(await readUntil(socket, /\r\n\r\n/), /^HTTP\/1\.1 413 /, chunkedBody)
      }
    })

    http1Test(t, 'BODY-4 stops the script whose body is cut short', async (t) => {
      const file = path.join(mkdtempSync(path.join(tmpdir(), 'common-gateway-test-')), 'pid')
      t.after(() => rmSync(path.dirname(file), { recursive: true }))
      const socket = await dial(gateway)
      const script = `/cgi-bin/wait-silently.cgi?${file}`
      socket.write(`POST ${script} HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf`)
      const pids = await pidsIn(file)
      socket.destroy()
      await untilGone(...pids)
    })

    void t.test('BODY-5 leaves the body as it was sent', async () => {
      const zipped = gzipSync('text')
      const cases = [
        ['application/json', Buffer.from('{"a": 1,}')],
        ['application/x-www-form-urlencoded', Buffer.from('a=%20&a=b')],
        ['multipart/form-data; boundary=none', Buffer.from('not multipart')],
        ['text/plain', Buffer.from([0, 255, 10, 13])],
        ['not a media type', Buffer.from('x')],
      ] as const
      for (const [type, body] of cases) {
        const headers = ['Content-Type', type]
        const answer = await send(gateway, '/cgi-bin/echo.cgi', {
          method: 'POST',
          headers,
          body,
        })
        assert.deepEqual(answer.bytes, body, type)
      }
      const headers = ['Content-Type', 'text/plain', 'Content-Encoding', 'gzip']
      const sending = { method: 'POST', headers, body: zipped }
      assert.deepEqual((await send(gateway, '/cgi-bin/echo.cgi', sending)).bytes, zipped)
    })

    http1Test(t, 'BODY-6 refuses what HTTP forbids and scripts cannot see', async () => {
      const post = (fields: string, body = ''): string =>
        `POST /cgi-bin/echo.cgi HTTP/1.1\r\nConnection: close\r\n${fields}\r\n\r\n${body}`
      const chunks = '3\r\nabc\r\n0\r\n\r\n'
      const cases = [
        ['two hosts', post('Host: a\r\nHost: b'), 400],
        ['two equal hosts', post('Host: a\r\nHost: a'), 400],
        ['two lengths', post('Host: a\r\nContent-Length: 3\r\nContent-Length: 4', 'abc'), 400],
        ['a list of lengths', post('Host: a\r\nContent-Length: 3, 3', 'abc'), 400],
        ['a signed length', post('Host: a\r\nContent-Length: +3', 'abc'), 400],
        [
          'length and chunks',
          post('Host: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked', chunks),
          400,
        ],
        ['another coding', post('Host: a\r\nTransfer-Encoding: gzip, chunked', chunks), 501],
        ['chunked, but not last', post('Host: a\r\nTransfer-Encoding: chunked, gzip', chunks), 400],
        ['a bad chunk', post('Host: a\r\nTransfer-Encoding: chunked', 'zz\r\nabc\r\n'), 400],
        [
          'chunks in HTTP/1.0',
          `POST /cgi-bin/echo.cgi HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`,
          400,
        ],
      ] as const
      for (const [what, request, status] of cases) {
        const response = await exchange(gateway, request)
        assert.match(response, new RegExp(`^HTTP/1\\.1 ${status} `), what)
        assert.equal(response.split('HTTP/1.1').length, 2, `${what}: one answer`)
      }
    })

    http1Test(t, 'BODY-6 never takes the rest of a body for a request', async (t) => {
      const inner = 'GET /plain?inner HTTP/1.1\r\nHost: a\r\n\r\n'
      const socket = await dial(gateway)
      t.after(() => socket.destroy())
      socket.write(
        `POST /cgi-bin/ignore-input.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: ${inner.length}\r\n\r\n` +
          `${inner}GET /plain?outer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      const responses = await readToEnd(socket)
      assert.match(responses, /ignored/)
      assert.match(responses, /plain GET outer/)
      assert.doesNotMatch(responses, /inner/)
    })

    void t.test('RES-8 sends output while the input still arrives', async () => {
      const body = randomBytes(10 * MEGABYTE)
      const answer = await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body })
      assert.ok(answer.bytes.equals(body))
    })

    void t.test('RES-8 sends an early answer of a script at once', async () => {
      const body = new PassThrough()
      body.write('abc')
      const headers = ['Content-Length', '6']
      const chunks = chunksOf(
        await open(gateway, '/cgi-bin/echo.cgi', { method: 'POST', headers, body }),
      )
      assert.equal(await chunks(), 'abc')
      body.end('def')
      assert.equal(await chunks(), 'def')
      assert.equal(await chunks(), null)
    })
  })
}
