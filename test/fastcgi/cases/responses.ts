import assert from 'node:assert/strict'
import path from 'node:path'
import { chunksOf, open } from '../../support/client.js'
import { CGI_BIN } from '../../support/fixtures.js'
import { type Case, HEADER } from '../case.js'
import type { Call } from '../scripted-upstream.js'

const FIXTURES = path.dirname(CGI_BIN)

const MEGABYTE = 1024 ** 2

/** An upstream that answers with this header and body. */
const answers =
  (header: string, body = ''): ((call: Call) => void) =>
  (call) =>
    void call.stdout(`${header}\n${body}`).end()

const HEADERS: readonly Case[] = [
  {
    name: 'HDR-2 the status of the application',
    upstreams: [answers('Status: 404\nContent-Type: text/plain\n', 'none')],
    expected: { status: 404, text: 'none', fields: { status: [] } },
  },
  {
    name: 'HDR-1 lines of the header end in CRLF or LF',
    upstreams: [answers('Status: 201 Made\r\nX-One: 1\nX-Two: 2\r\n', 'made')],
    expected: { status: 201, text: 'made', fields: { 'x-one': ['1'], 'x-two': ['2'] } },
  },
  {
    name: 'HDR-3 cookies, and bytes over 0x7F, in their order',
    upstreams: [answers('Content-Type: a/b\nSet-Cookie: a=1\nSet-Cookie: b=2\nX-Name: J\xf6rg\n')],
    expected: { fields: { 'set-cookie': ['a=1', 'b=2'], 'x-name': ['J\xf6rg'] } },
  },
  {
    name: 'HDR-3 Transfer-Encoding and Connection of the application are not passed on',
    upstreams: [answers('Transfer-Encoding: chunked\nConnection: x-a\nX-B: b\n', '5\r\nwhole\r\n')],
    expected: { text: '5\r\nwhole\r\n', fields: { 'x-b': ['b'] } },
  },
  {
    name: 'HDR-1 a header of 60,000 bytes',
    upstreams: [answers(`Content-Type: text/plain\nX-Huge: ${'h'.repeat(15_000)}\n`, 'huge')],
    expected: { text: 'huge', fields: { 'x-huge': ['h'.repeat(15_000)] } },
  },
  {
    name: 'HDR-1 a header over maxHeaderSize is 502',
    upstreams: [answers(`X-Huge: ${'h'.repeat(70_000)}\n`.slice(0, 65_530))],
    expected: { status: 502, code: 'CGI_ERR_HEADER_TOO_LARGE' },
    gateway: { maxHeaderSize: 60_000 },
  },
  {
    name: 'HDR-1 a line that is no field is 502 with its number',
    upstreams: [answers('Content-Type: a/b\nno field\n')],
    async play({ send, gateway }) {
      assert.equal((await send('/')).status, 502)
      const error = await gateway.logged(({ code }) => code === 'CGI_ERR_BAD_HEADER')
      assert.equal(error['line'], 2)
    },
  },
  {
    name: 'RES-1 output without a header is 502',
    upstreams: [answers('', '')],
    expected: { status: 502 },
  },
  {
    name: 'RES-3 a Location elsewhere is 302',
    upstreams: [answers('Location: http://example.org/a\n')],
    expected: { status: 302, fields: { location: ['http://example.org/a'] } },
  },
  {
    name: 'RES-2 a local redirect goes through the whole application',
    upstreams: [answers('Location: /plain?from=it\n')],
    expected: { text: 'plain GET from=it' },
  },
  {
    name: 'RES-2 a local redirect to the same upstream',
    upstreams: [
      (call) => {
        if (call.variables['PATH_INFO'] === '/') call.stdout('Location: /cgi-bin/there\n\n').end()
        else call.answer(`there by ${call.method}`)
      },
    ],
    request: { method: 'POST', body: 'body' },
    expected: { text: 'there by GET', seen: [2] },
  },
  {
    name: 'RES-2 local redirects without an end are 502',
    upstreams: [answers('Location: /cgi-bin/again\n')],
    expected: { status: 502, code: 'CGI_ERR_TOO_MANY_REDIRECTS' },
  },
  {
    name: 'RES-7 X-Sendfile with a range',
    upstreams: [answers(`X-Sendfile: ${path.join(FIXTURES, 'outside.cgi')}\nContent-Type: a/b\n`)],
    gateway: { sendfileRoots: [FIXTURES] },
    request: { headers: ['Range', 'bytes=0-1'] },
    expected: { status: 206, text: '#!' },
  },
  {
    name: 'RES-7 X-Sendfile to elsewhere is not obeyed',
    upstreams: [answers('X-Sendfile: /etc/hostname\nContent-Type: a/b\n', 'own')],
    gateway: { sendfileRoots: [FIXTURES] },
    expected: { text: 'own', fields: { 'x-sendfile': [] } },
  },
]

/** Answers that have no body for the client, with what the application must still get rid of. */
const BODILESS: readonly Case[] = (
  [
    ['HEAD', 200, 'Content-Type: text/plain\n'],
    ['GET', 204, 'Status: 204\n'],
    ['GET', 304, 'Status: 304\n'],
  ] as const
).map(([method, status, header]) => ({
  name: `RES-5 a body of 2 MB for ${method} with ${status} is not sent, and does not block`,
  upstreams: [
    (call) => {
      call.stdout(`${header}\n`)
      for (let sent = 0; sent < 2 * MEGABYTE; sent += 32_768) call.stdout(Buffer.alloc(32_768))
      call.end()
    },
  ],
  fastcgi: { maxConnections: 1 },
  async play({ sendBy, upstream }) {
    for (let round = 0; round < 2; round += 1) {
      const answer = await sendBy(method)
      assert.deepEqual([answer.status, answer.bytes.length], [status, 0])
    }
    await Promise.all(upstream.connections.map(({ closed }) => closed))
  },
}))

const LENGTHS: readonly Case[] = [
  {
    name: 'RES-5 more than Content-Length is cut off',
    upstreams: [answers('Content-Length: 3\n', 'longer')],
    expected: { text: 'lon', fields: { 'content-length': ['3'] } },
  },
  {
    name: 'RES-5 less than Content-Length cuts the connection',
    upstreams: [answers('Content-Length: 9\n', 'short')],
    expected: { isCut: true },
  },
  {
    name: 'RES-5 no body where Content-Length promises one cuts the connection',
    upstreams: [answers('Content-Length: 9\n')],
    expected: { isCut: true },
  },
]

const STREAMS: readonly Case[] = [
  {
    name: 'RES-4 part of a record reaches the client before the rest of it',
    upstreams: [
      async (call) => {
        const bytes = call.stdoutBytes(`${HEADER}one two`)
        call.raw(bytes.subarray(0, -3))
        await call.proceeds
        call.raw(bytes.subarray(-3)).end()
      },
    ],
    async play({ gateway, upstream }) {
      const next = chunksOf(await open(gateway, '/cgi-bin/'))
      assert.equal(await next(), 'one ')
      const call = await upstream.call()
      call.proceed()
      assert.equal(await next(), 'two')
      assert.equal(await next(), null)
    },
  },
  {
    name: 'RES-4 each event reaches the client before the next one is sent',
    upstreams: [(call) => void call.stdout('Content-Type: text/event-stream\n\n')],
    async play({ gateway, upstream }) {
      const next = chunksOf(await open(gateway, '/cgi-bin/'))
      const call = await upstream.call()
      for (let event = 0; event < 5; event += 1) {
        call.stdout(`data: ${event}\n\n`)
        assert.equal(await next(), `data: ${event}\n\n`)
      }
      call.end()
      assert.equal(await next(), null)
    },
  },
  {
    name: 'RES-4 20 MB to a client that reads slowly, END_REQUEST with the last of them',
    upstreams: [(call) => void call.answer(Buffer.alloc(20 * MEGABYTE, 'x'))],
    async play({ gateway, upstream }) {
      const response = await open(gateway, '/cgi-bin/')
      await upstream.until(() => upstream.calls.length === 1)
      let size = 0
      let pauses = 0
      for await (const chunk of response) {
        size += (chunk as Buffer).length
        if (size > (pauses + 1) * 2 * MEGABYTE) {
          pauses += 1
          await new Promise((resolve) => {
            setTimeout(resolve, 10)
          })
        }
      }
      assert.equal(size, 20 * MEGABYTE)
    },
  },
  {
    name: 'RES-4 an application is not read faster than the client reads',
    upstreams: [(call) => void call.answer(Buffer.alloc(64 * MEGABYTE, 'x'))],
    async play({ gateway, upstream }) {
      const response = await open(gateway, '/cgi-bin/')
      const { connection } = await upstream.call()
      let before = -1
      // No byte more within 100 ms: the kernel's buffers are full.
      while (connection.socket.writableLength !== before) {
        before = connection.socket.writableLength
        await new Promise((resolve) => {
          setTimeout(resolve, 100)
        })
      }
      assert.ok(before > 40 * MEGABYTE, `${before} bytes wait`)
      let size = 0
      for await (const chunk of response) size += (chunk as Buffer).length
      assert.equal(size, 64 * MEGABYTE)
    },
  },
]

export const responseCases: readonly Case[] = [...HEADERS, ...BODILESS, ...LENGTHS, ...STREAMS]
