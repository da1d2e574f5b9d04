import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError, type HeaderField } from '@common-gateway/core'
import { type ResponseHead, toResponse } from '@common-gateway/core/steps'

const TYPE: HeaderField = ['Content-Type', 'text/plain']

function respond(
  fields: readonly HeaderField[],
  statusLine?: string,
): ReturnType<typeof toResponse> {
  return toResponse({ fields, statusLine, rest: Buffer.alloc(0) })
}

function head(fields: readonly HeaderField[], statusLine?: string): ResponseHead {
  const response = respond(fields, statusLine)
  assert.equal(response.type, 'response')
  return response
}

function failure(fields: readonly HeaderField[], statusLine?: string): CgiError {
  let failed: unknown
  try {
    respond(fields, statusLine)
  } catch (error) {
    failed = error
  }
  assert.ok(failed instanceof CgiError, `not refused: ${JSON.stringify([fields, statusLine])}`)
  assert.equal(failed.statusCode, 502)
  return failed
}

const STATUSES: readonly [value: string, status: number, reason: string][] = [
  ['200 OK', 200, 'OK'],
  ['403 Forbidden', 403, 'Forbidden'],
  ['403', 403, 'Forbidden'],
  ['404 Gone fishing', 404, 'Gone fishing'],
  ['404\tNot  here', 404, 'Not  here'],
  ['418', 418, "I'm a Teapot"],
  ['200', 200, 'OK'],
  ['599', 599, ''],
  ['599 Own', 599, 'Own'],
  ['299', 299, ''],
  ['500 Schl\xfcsselfehler', 500, 'Schl\xfcsselfehler'],
  ['500 404 Not Found', 500, '404 Not Found'],
]

void t.test('HDR-2 Status overrides the status line, code and reason (section 6.3.3)', async () => {
  for (const [value, status, reason] of STATUSES) {
    for (const name of ['Status', 'status', 'STATUS']) {
      const response = head([[name, value], TYPE])
      assert.equal(response.status, status, value)
      assert.equal(response.reason, reason, value)
      assert.deepEqual(response.headers, [TYPE], 'Status is never forwarded')
    }
  }
})

void t.test('HDR-2 without a Status it is 200', async () => {
  assert.deepEqual(head([TYPE]), {
    type: 'response',
    status: 200,
    reason: 'OK',
    headers: [TYPE],
    contentLength: undefined,
    hasContentType: true,
    hasBody: true,
  })
})

const BAD_STATUSES = [
  '',
  'OK',
  '0',
  '20',
  '2000',
  '099',
  '100 Continue',
  '101 Switching Protocols',
  '103 Early Hints',
  '199',
  '600',
  '999',
  '-404',
  '+404',
  '4.4',
  '0x194',
  '4e2',
  '404Not Found',
  '404,Not Found',
  ' 404',
  'HTTP/1.1 404 Not Found',
  '\u0664\u0660\u0664',
]

void t.test('HDR-2 a code that is not three digits from 200 to 599 is refused', async () => {
  for (const value of BAD_STATUSES) {
    const error = failure([['Status', value], TYPE])
    assert.equal(error.code, 'CGI_ERR_BAD_HEADER', value)
    assert.match(String(error.reason), /Status/)
    failure([TYPE], value)
  }
})

void t.test('HDR-2 two different Status lines are refused, the same twice is one', async () => {
  const pairs: readonly [first: string, second: string][] = [
    ['200 OK', '404 Not Found'],
    ['404 Not Found', '404 Gone fishing'],
    ['200', '201'],
  ]
  for (const [first, second] of pairs) {
    assert.equal(failure([['Status', first], ['status', second], TYPE]).code, 'CGI_ERR_BAD_HEADER')
    failure([['Status', second], TYPE], first)
  }
  const twice = head([['Status', '404'], TYPE, ['Status', '404 Not Found']])
  assert.equal(twice.status, 404)
  assert.deepEqual(twice.headers, [TYPE])
})

void t.test(
  'HDR-4 a first line of HTTP is the status line, and no header of the response',
  async () => {
    const response = head([TYPE], '404 Not here')
    assert.equal(response.status, 404)
    assert.equal(response.reason, 'Not here')
    assert.deepEqual(response.headers, [TYPE])
    assert.equal(head([['Status', '404'], TYPE], '404 Not Found').status, 404)
    assert.equal(head([], '204 No Content').status, 204, 'alone it is a header, too')
  },
)

const HOP_BY_HOP = [
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'Upgrade',
  'HTTP2-Settings',
]

void t.test('HDR-3 hop-by-hop fields are dropped (RFC 9110 section 7.6.1)', async () => {
  for (const name of HOP_BY_HOP) {
    for (const spelt of [name, name.toLowerCase(), name.toUpperCase()]) {
      assert.deepEqual(head([TYPE, [spelt, 'x']]).headers, [TYPE], spelt)
    }
  }
})

void t.test('HDR-3 a field that Connection names is dropped with it', async () => {
  const response = head([
    ['X-Private', '1'],
    ['Connection', 'close, x-private ,X-Other'],
    ['x-other', '2'],
    ['connection', 'X-Third'],
    ['X-Third', '3'],
    ['X-Kept', '4'],
  ])
  assert.deepEqual(response.headers, [['X-Kept', '4']])
})

void t.test('HDR-3 of several Content-Type fields the last one is forwarded', async () => {
  const response = head([
    ['Content-Type', 'text/plain'],
    ['X-A', '1'],
    ['content-type', 'text/html'],
  ])
  assert.deepEqual(response.headers, [
    ['X-A', '1'],
    ['content-type', 'text/html'],
  ])
})

void t.test(
  'HDR-3 duplicates are kept, all fields in their order and as they were spelt',
  async () => {
    const fields: HeaderField[] = [
      ['Set-Cookie', 'a=1; Path=/'],
      ['content-TYPE', 'text/plain'],
      ['X-A', '1'],
      ['set-cookie', 'b=2, c'],
      ['X-A', '1'],
      ['Set-Cookie', 'a=1; Path=/'],
      ['X-Latin', 'caf\xe9'],
      ['WWW-Authenticate', 'Basic'],
      ['WWW-Authenticate', 'Digest x'],
      ['X-Empty', ''],
    ]
    assert.deepEqual(head(fields).headers, fields)
  },
)

void t.test('RES-1 a header without a field is no response (section 6.2)', async () => {
  assert.equal(failure([]).code, 'CGI_ERR_NO_RESPONSE')
})

void t.test(
  'RES-1 a document needs no Content-Type here; `hasContentType` reports it',
  async () => {
    assert.equal(head([['X-A', '1']]).hasContentType, false)
    assert.equal(head([['Status', '200 OK']]).hasContentType, false)
    assert.equal(head([['CONTENT-type', 'a/b']]).hasContentType, true)
  },
)

const LOCAL = [
  '/',
  '/other.cgi',
  '/path?query',
  '/a/b/?x=1&y=/z?',
  '/a//b',
  '/%C3%A9%20x',
  '/?',
  "/~a-b_c.d!$&'()*+,;=:@",
]

void t.test('RES-2 a path as the only field is a local redirect (section 6.2.2)', async () => {
  for (const location of LOCAL) {
    for (const name of ['Location', 'LOCATION', 'location']) {
      assert.deepEqual(respond([[name, location]]), { type: 'local-redirect', location })
    }
  }
})

void t.test('RES-2 with any other field the path is for the client', async () => {
  const others: readonly HeaderField[] = [
    TYPE,
    ['X-A', '1'],
    ['Set-Cookie', 'a=1'],
    ['Connection', 'close'],
  ]
  for (const other of others) {
    const location: HeaderField = ['Location', '/other']
    for (const fields of [
      [other, location],
      [location, other],
    ]) {
      const response = head(fields)
      assert.equal(response.status, 302)
      assert.equal(response.reason, 'Found')
      assert.ok(response.headers.includes(location))
    }
  }
})

void t.test('RES-3 a path with a Status goes to the client with that status', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    const location: HeaderField = ['Location', '/other']
    const response = head([['Status', String(status)], location])
    assert.equal(response.status, status)
    assert.deepEqual(response.headers, [location])
  }
  assert.equal(head([['Location', '/other']], '303 See Other').status, 303)
})

const FOR_THE_CLIENT: readonly [location: string, why: string][] = [
  ['http://www.example.org/', 'section 6.2.3: absolute'],
  ['https://www.example.org/a?b#c', 'with a fragment'],
  ['mailto:a@example.org', 'any scheme'],
  ['other.cgi', 'relative'],
  ['../other', 'relative'],
  ['?query', 'relative'],
  ['#fragment', 'relative'],
  ['/path#fragment', 'section 6.3.2: a local path has no fragment'],
  ['/a b', 'no local path: a URI holds no blank'],
  ['/caf\xe9', 'no local path: a URI holds no such byte'],
  ['\\other', 'no path'],
]

void t.test('RES-3 any other Location is a redirect of the client: 302', async () => {
  for (const [value, why] of FOR_THE_CLIENT) {
    const location: HeaderField = ['Location', value]
    const alone = head([location])
    assert.equal(alone.status, 302, why)
    assert.equal(alone.reason, 'Found')
    assert.deepEqual(alone.headers, [location], 'as the script wrote it')
    const withDocument = head([location, TYPE])
    assert.equal(withDocument.status, 302, 'section 6.2.4')
    assert.deepEqual(withDocument.headers, [location, TYPE])
    assert.equal(withDocument.hasBody, true)
    assert.equal(head([['Status', '301 Gone away'], location]).reason, 'Gone away')
  }
})

void t.test(
  'RES-3 a Location beside a Status that is no redirect is a field like others',
  async () => {
    const response = head([
      ['Status', '201'],
      ['Location', '/new'],
    ])
    assert.equal(response.status, 201)
    assert.deepEqual(response.headers, [['Location', '/new']])
  },
)

void t.test(
  'RES-3 an empty Location is none (section 6.3), two different ones are refused',
  async () => {
    assert.equal(failure([['Location', '']]).code, 'CGI_ERR_NO_RESPONSE')
    assert.equal(head([['Location', ''], TYPE]).status, 200)
    assert.deepEqual(head([['Content-Length', ''], TYPE]).headers, [TYPE])
    const two = failure([
      ['Location', '/a'],
      ['location', '/b'],
    ])
    assert.equal(two.code, 'CGI_ERR_BAD_HEADER')
  },
)

const LENGTHS: readonly [value: string, length: number][] = [
  ['0', 0],
  ['5', 5],
  ['007', 7],
  ['4294967296', 4_294_967_296],
  ['999999999999999', 999_999_999_999_999],
]

void t.test('RES-5 the Content-Length of the script is read and forwarded', async () => {
  for (const [value, length] of LENGTHS) {
    const response = head([TYPE, ['Content-Length', value]])
    assert.equal(response.contentLength, length, value)
    assert.equal(response.headers.length, 2)
  }
})

const BAD_LENGTHS = ['x', '-1', '+1', '1.5', '1e3', '0x10', '5, 5', '5 5', '9'.repeat(20)]

void t.test(
  'RES-5 a Content-Length that is no number is refused (RFC 9110 section 8.6)',
  async () => {
    for (const value of BAD_LENGTHS) {
      assert.equal(failure([TYPE, ['Content-Length', value]]).code, 'CGI_ERR_BAD_HEADER', value)
    }
  },
)

void t.test('RES-5 two different lengths are refused, the same twice is sent once', async () => {
  failure([
    ['Content-Length', '5'],
    ['content-length', '6'],
  ])
  const response = head([['Content-Length', '5'], TYPE, ['content-length', '5']])
  assert.equal(response.contentLength, 5)
  assert.deepEqual(response.headers, [TYPE, ['content-length', '5']])
})

void t.test(
  'RES-5 the length goes with a Transfer-Encoding of the script, which is dropped',
  async () => {
    const response = head([
      ['Transfer-Encoding', 'chunked'],
      ['Content-Length', '5'],
    ])
    assert.deepEqual(response.headers, [['Content-Length', '5']])
  },
)

void t.test(
  'RES-5 204, 205 and 304 have no content (RFC 9110 sections 15.3.5, 15.3.6, 15.4.5)',
  async () => {
    const length: HeaderField = ['Content-Length', '5']
    for (const status of [204, 205, 304]) {
      const response = head([['Status', String(status)], TYPE, length])
      assert.equal(response.hasBody, false, String(status))
      // RFC 9110 section 8.6: 304 may say how long the content would be, 204 must not.
      assert.deepEqual(response.headers, status === 304 ? [TYPE, length] : [TYPE], String(status))
    }
    for (const status of [200, 203, 206, 302, 404, 500]) {
      assert.equal(head([['Status', String(status)], TYPE]).hasBody, true, String(status))
    }
  },
)

void t.test('HDR-3 a field that may stand once is forwarded once, the last that came', async () => {
  const repeated: HeaderField[] = [
    ['Content-Type', 'a/b'],
    ['Date', '1'],
    ['ETag', '"1"'],
    ['X-Any', '1'],
    ['date', '2'],
    ['X-Any', '1'],
    ['etag', '"2"'],
    ['content-type', 'c/d'],
  ]
  assert.deepEqual(head(repeated).headers, repeated.slice(3))
})
