import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { exchange, fields } from '../../support/client.js'
import { type Case, echoes, HEADER, says, tells } from '../case.js'

const MEGABYTE = 1024 ** 2

const METHODS = ['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'MKCOL']

const ENVIRONMENT: readonly Case[] = [
  {
    name: 'UP-1 a request of the smallest kind is one write',
    upstreams: [says('one write')],
    on: 'unix',
    async play({ send, upstream }) {
      assert.equal((await send('/')).text, 'one write')
      const { connection } = await upstream.call()
      assert.equal(connection.firstRead, connection.received)
    },
  },
  {
    name: 'ENV-1 the variables of an application without files here',
    upstreams: [says('known')],
    path: '/a%20b/c?d=%20e',
    expected: {
      variables: {
        GATEWAY_INTERFACE: 'CGI/1.1',
        SCRIPT_NAME: '/cgi-bin',
        PATH_INFO: '/a b/c',
        REQUEST_URI: '/cgi-bin/a%20b/c?d=%20e',
        QUERY_STRING: 'd=%20e',
        REQUEST_METHOD: 'GET',
        REMOTE_ADDR: '127.0.0.1',
        CONTENT_LENGTH: undefined,
        CONTENT_TYPE: undefined,
        PATH: undefined,
        HOME: undefined,
      },
    },
  },
  {
    name: 'ENV-1 no PATH_INFO for the mount itself',
    upstreams: [says('mount')],
    path: '',
    expected: { text: 'mount', variables: { SCRIPT_NAME: '/cgi-bin', PATH_INFO: undefined } },
  },
  {
    name: 'ENV-1 PATH_INFO of the mount with a slash',
    upstreams: [says('slash')],
    path: '/',
    expected: { text: 'slash', variables: { SCRIPT_NAME: '/cgi-bin', PATH_INFO: '/' } },
  },
  {
    name: 'ENV-2 fields that no application may get',
    upstreams: [says('safe')],
    request: {
      headers: fields('Proxy: http://evil', 'Authorization: Basic eA==', 'X-A: 1', 'X_A: 2'),
    },
    expected: {
      variables: {
        HTTP_PROXY: undefined,
        HTTP_AUTHORIZATION: undefined,
        HTTP_X_A: '1',
      },
    },
  },
  {
    name: 'ENV-2 passAuthorization',
    upstreams: [says('known')],
    gateway: { passAuthorization: true },
    request: { headers: fields('Authorization: Basic eA==') },
    expected: { variables: { HTTP_AUTHORIZATION: 'Basic eA==' } },
  },
  {
    name: 'ENV-3 variables of the option env',
    upstreams: [says('known')],
    gateway: { env: { APP_MODE: 'test', EMPTY: '' } },
    expected: { variables: { APP_MODE: 'test', EMPTY: '' } },
  },
  {
    name: 'ENV-7 bytes of a field, the query and the path arrive as they were sent',
    upstreams: [says('bytes')],
    path: '/%C3%A9?%ff',
    request: { headers: ['X-Name', 'J\xf6rg'] },
    expected: {
      variables: { HTTP_X_NAME: 'J\xf6rg', PATH_INFO: '/\xc3\xa9', QUERY_STRING: '%ff' },
    },
  },
  ...METHODS.map(
    (method): Case => ({
      name: `MAP-7 the method ${method}`,
      upstreams: [says('done')],
      request: { method },
      expected: { text: 'done', variables: { REQUEST_METHOD: method } },
    }),
  ),
  {
    name: 'MAP-7 TRACE is not passed on',
    upstreams: [says('never')],
    request: { method: 'TRACE' },
    expected: { status: 405, seen: [0] },
  },
  ...['/%2e%2e/a', '/a/%2e/b', '/a%00b', '/%2fa', '/%zz'].map(
    (path): Case => ({
      name: `MAP-3 the path ${path} is refused`,
      upstreams: [says('never')],
      path,
      expected: { status: 400, seen: [0] },
    }),
  ),
]

/** Requests that the parser of Node.js refuses. */
const BAD_FIELDS = ['X-A: a\0b', 'X-A\0: b', 'X A: b', 'X-A: a\nX-B: b\rX-C: c']

const REFUSED: readonly Case[] = BAD_FIELDS.map((field) => ({
  name: `ENV-2 the field ${JSON.stringify(field)} is 400, and reaches no application`,
  upstreams: [says('never')],
  isHttp1: true,
  async play({ gateway, upstream }) {
    const request = `GET /cgi-bin/ HTTP/1.1\r\nHost: a\r\n${field}\r\nConnection: close\r\n\r\n`
    assert.match(await exchange(gateway, request), /^HTTP\/1\.1 400 /)
    assert.equal(upstream.calls.length, 0)
  },
}))

/** Values whose length is at the border of a form, or of a record. */
const SIZES = [0, 1, 127, 128, 129, 255, 256, 16_384, 32_768, 65_000, 65_500]

const PAIRS: readonly Case[] = [
  ...SIZES.map(
    (size): Case => ({
      name: `UP-1 a variable of ${size} bytes`,
      upstreams: [says('known')],
      gateway: { env: { SIZED: 'v'.repeat(size) } },
      expected: { text: 'known', variables: { SIZED: 'v'.repeat(size) } },
    }),
  ),
  ...[127, 128, 200].map(
    (size): Case => ({
      name: `UP-1 a name of ${size} bytes`,
      upstreams: [says('known')],
      gateway: { env: { ['N'.repeat(size)]: 'v' } },
      expected: { variables: { ['N'.repeat(size)]: 'v' } },
    }),
  ),
  {
    name: 'UP-1 200 variables of 1 KB',
    upstreams: [says('known')],
    gateway: {
      env: Object.fromEntries(
        Array.from({ length: 200 }, (_, index) => [`V${index}`, `${index}-${'v'.repeat(1_020)}`]),
      ),
    },
    expected: { variables: { V0: `0-${'v'.repeat(1_020)}`, V199: `199-${'v'.repeat(1_020)}` } },
  },
  {
    name: 'UP-1 the largest pair that fits in a record',
    isFastcgi: true,
    upstreams: [says('known')],
    // PHP takes no longer record. Four bytes for the length of the value, one for that of the name.
    gateway: { env: { FITS: 'v'.repeat(65_528 - 9) } },
    expected: { variables: { FITS: 'v'.repeat(65_528 - 9) } },
  },
  ...[65_528 - 8, 65_536, 100_000].map(
    (size): Case => ({
      name: `UP-1 a value of ${size} bytes cannot be sent: 431`,
      isFastcgi: true,
      upstreams: [says('never')],
      gateway: { env: { HTTP_X_HUGE: 'v'.repeat(size) } },
      expected: { status: 431, seen: [0] },
    }),
  ),
]

/** The bytes that a body is made of, so that each place in it is told from others. */
function bytes(size: number): Buffer {
  const content = Buffer.alloc(size)
  for (let offset = 0; offset + 4 <= size; offset += 4) content.writeUInt32BE(offset, offset)
  return content
}

/** A body in pieces, whose length no field tells. */
function piecesOf(content: Buffer): Readable {
  const pieces: Buffer[] = []
  for (let start = 0; start < content.length; start += 50_000) {
    pieces.push(content.subarray(start, start + 50_000))
  }
  return Readable.from(pieces)
}

function echo(size: number, hasLength: boolean, method = 'POST'): Case {
  const kind = hasLength ? 'with Content-Length' : 'without a length'
  return {
    name: `BODY-${hasLength ? 1 : 2} ${size} bytes ${kind} by ${method}, there and back`,
    upstreams: [echoes],
    async play({ send, upstream }) {
      const content = bytes(size)
      const body = hasLength ? content : piecesOf(content)
      const answer = await send('/', { method, body })
      assert.ok(answer.bytes.equals(content), `${answer.bytes.length} of ${size} bytes`)
      const { variables } = await upstream.call()
      assert.ok(size === 0 || variables['CONTENT_LENGTH'] === String(size))
    },
  }
}

const BODIES: readonly Case[] = [
  ...[0, 1, 65_534, 65_535, 65_536, 65_537, 200_000].map((size) => echo(size, true)),
  ...[0, 1, 65_536, 3 * MEGABYTE].map((size) => echo(size, false)),
  echo(70_000, true, 'PUT'),
  echo(70_000, false, 'DELETE'),
  echo(10, true, 'GET'),
  echo(20 * MEGABYTE, true),
  echo(20 * MEGABYTE, false),
  {
    name: 'RES-8 20 MB both ways at once, a part of the answer for each part of the body',
    upstreams: [
      {
        accept(connection) {
          let answered = 0
          connection.socket.on('data', () => {
            const call = connection.calls.at(-1)
            if (call === undefined) return
            if (answered === 0) call.stdout(HEADER)
            const more = call.received - answered
            answered = call.received
            if (more > 0) call.stdout(Buffer.alloc(Math.min(more, 65_535), 'x'))
            if (call.hasWholeBody) call.end()
          })
        },
      },
    ],
    async play({ send }) {
      const answer = await send('/', { method: 'POST', body: Buffer.alloc(20 * MEGABYTE) })
      assert.equal(answer.status, 200)
      assert.ok(answer.bytes.length > 2 * MEGABYTE)
    },
  },
  {
    name: 'BODY-1 20 MB to an upstream that reads slowly',
    upstreams: [
      {
        accept({ socket }) {
          const slow = setInterval(() => {
            socket.pause()
            setTimeout(() => socket.resume(), 4)
          }, 8)
          socket.on('close', () => clearInterval(slow))
        },
        answer: async (call) => call.answer(String((await call.body()).length)),
      },
    ],
    request: { method: 'POST', body: Buffer.alloc(20 * MEGABYTE) },
    expected: { text: String(20 * MEGABYTE) },
  },
  {
    name: 'BODY-1 the first part of a body arrives before the client has sent the rest',
    upstreams: [echoes],
    isHttp1: true,
    async play({ send, upstream }) {
      const body = new Readable({ read() {} })
      body.push('first ')
      const headers = ['Content-Length', '12']
      const answered = send('/', { method: 'POST', headers, body })
      const call = await upstream.call()
      await call.bodyBegun()
      assert.equal(call.received, 6)
      body.push('second')
      body.push(null)
      assert.equal((await answered).text, 'first second')
    },
  },
  {
    name: 'BODY-1 Expect: 100-continue',
    upstreams: [echoes],
    isHttp1: true,
    async play({ gateway }) {
      const answer = await exchange(
        gateway,
        'POST /cgi-bin/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\n' +
          'Connection: close\r\n\r\nbody',
      )
      assert.match(answer, /^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK\r\n/)
      assert.match(answer, /\r\n\r\nbody$|\r\nbody\r\n/)
    },
  },
  {
    name: 'BODY-3 an answer before a byte of the body is read, END_REQUEST with it',
    upstreams: [
      (call) => {
        call.connection.socket.pause()
        call.stdout(`${HEADER}early`).end()
      },
    ],
    request: { method: 'POST', body: Buffer.alloc(3 * MEGABYTE) },
    expected: { text: 'early', seen: [1] },
  },
  {
    name: 'BODY-3 an answer, and the connection closed with the body unread',
    // By SCGI, the end of the answer is that of the connection, which is reset here.
    isFastcgi: true,
    upstreams: [
      (call) => {
        call.connection.socket.pause()
        call.stdout(`${HEADER}early`).raw(call.endBytes()).connection.answered()
        setTimeout(() => call.connection.socket.destroy(), 20)
      },
    ],
    request: { method: 'POST', body: Buffer.alloc(3 * MEGABYTE) },
    expected: { text: 'early', seen: [1] },
  },
  {
    name: 'BODY-3 the header before the body is read, the rest after it',
    upstreams: [
      async (call) => {
        call.stdout(HEADER)
        call.stdout(String((await call.body()).length)).end()
      },
    ],
    request: { method: 'POST', body: Buffer.alloc(3 * MEGABYTE) },
    expected: { text: String(3 * MEGABYTE) },
  },
  {
    name: 'BODY-3 a connection whose upload was not read is not used again',
    upstreams: [
      async (call) => {
        if (call.method === 'GET') {
          call.answer('next')
          return
        }
        call.connection.socket.pause()
        call.stdout(`${HEADER}early`).end()
      },
    ],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      const body = Buffer.alloc(3 * MEGABYTE)
      assert.equal((await send('/a', { method: 'POST', body })).text, 'early')
      assert.equal((await send('/b')).text, 'next')
      assert.equal(upstream.connections.length, 2)
    },
  },
  {
    name: 'BODY-3 an upstream that reads nothing is 504 after headersTimeout',
    upstreams: [(call) => void call.connection.socket.pause()],
    gateway: { headersTimeout: 2_000 },
    request: { method: 'POST', body: Buffer.alloc(3 * MEGABYTE) },
    expected: { status: 504, code: 'CGI_ERR_HEADERS_TIMEOUT', seen: [1] },
  },
  {
    name: 'BODY-4 a body over bodyLimit is not passed on',
    upstreams: [says('never')],
    gateway: { bodyLimit: 1_000 },
    request: { method: 'POST', body: Buffer.alloc(1_001) },
    expected: { status: 413, seen: [0] },
  },
  {
    name: 'BODY-4 a body without a length over bodyLimit is not passed on',
    upstreams: [says('never')],
    gateway: { bodyLimit: 100_000 },
    async play({ send, upstream }) {
      const body = piecesOf(Buffer.alloc(200_000))
      assert.equal((await send('/', { method: 'POST', body })).status, 413)
      assert.equal(upstream.calls.length, 0)
    },
  },
  {
    name: 'LIM-1 chunks without an end are 408, and reach no application',
    upstreams: [says('never')],
    isHttp1: true,
    gateway: { headersTimeout: 500, bodyTimeout: 500 },
    async play({ gateway, upstream }) {
      const head = 'POST /cgi-bin/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'
      assert.match(await exchange(gateway, `${head}5\r\nhello\r\n`), /^HTTP\/1\.1 408 /)
      assert.equal(upstream.calls.length, 0)
    },
  },
  {
    name: 'BODY-1 variables of a body',
    upstreams: [tells('CONTENT_LENGTH', 'CONTENT_TYPE', 'HTTP_CONTENT_LENGTH')],
    request: { method: 'POST', body: 'four', headers: ['Content-Type', 'text/x-it'] },
    expected: { text: 'CONTENT_LENGTH=4\nCONTENT_TYPE=text/x-it\nHTTP_CONTENT_LENGTH=(none)' },
  },
]

export const requestCases: readonly Case[] = [...ENVIRONMENT, ...REFUSED, ...PAIRS, ...BODIES]
