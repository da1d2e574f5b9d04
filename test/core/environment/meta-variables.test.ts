import assert from 'node:assert/strict'
import t from 'tap'
import type { CgiError, CgiRequest, HeaderField } from '@common-gateway/core'
import { createMetaVariables, type MetaVariablesInput } from '@common-gateway/core/steps'
import { createRequest } from '../requests.js'
import { createArguments } from '@internal/core/environment/meta-variables.js'

interface Given extends Omit<Partial<MetaVariablesInput>, 'request' | 'script' | 'settings'> {
  readonly request?: Partial<CgiRequest>
  readonly script?: Partial<MetaVariablesInput['script']>
  readonly settings?: Partial<MetaVariablesInput['settings']>
}

function variables({ request, script, settings, ...given }: Given = {}): Record<string, string> {
  return createMetaVariables({
    request: createRequest(request),
    target: {
      path: '/cgi-bin/report.cgi',
      query: '',
      uri: '/cgi-bin/report.cgi',
      hostname: 'www.example.org',
    },
    script: {
      type: 'script',
      file: '/srv/cgi-bin/report.cgi',
      scriptName: '/cgi-bin/report.cgi',
      pathInfo: '',
      command: ['/srv/cgi-bin/report.cgi'],
      ...script,
    },
    contentLength: undefined,
    user: undefined,
    env: {},
    settings: {
      documentRoot: '/srv/www',
      inherited: { PATH: '/usr/bin:/bin' },
      passAuthorization: false,
      underscoreHeaders: 'ignore',
      ...settings,
    },
    ...given,
  })
}

function ofHeaders(
  headers: readonly HeaderField[],
  settings: Partial<MetaVariablesInput['settings']> = {},
): Record<string, string> {
  const made = Object.entries(variables({ request: { headers }, settings }))
  return Object.fromEntries(made.filter(([name]) => /^(?:HTTP|CONTENT)_/.test(name)))
}

void t.test('ENV-1 a plain request has these variables, and ENV-3 no others', async () => {
  assert.deepEqual(
    { ...variables() },
    {
      PATH: '/usr/bin:/bin',
      HTTP_HOST: 'www.example.org',
      GATEWAY_INTERFACE: 'CGI/1.1',
      SERVER_SOFTWARE: variables()['SERVER_SOFTWARE'],
      SERVER_PROTOCOL: 'HTTP/1.1',
      SERVER_NAME: 'www.example.org',
      SERVER_PORT: '8080',
      SERVER_ADDR: '192.0.2.1',
      REMOTE_ADDR: '203.0.113.7',
      REMOTE_HOST: '203.0.113.7',
      REMOTE_PORT: '40000',
      REQUEST_METHOD: 'GET',
      REQUEST_SCHEME: 'http',
      REQUEST_URI: '/cgi-bin/report.cgi',
      QUERY_STRING: '',
      SCRIPT_NAME: '/cgi-bin/report.cgi',
      SCRIPT_FILENAME: '/srv/cgi-bin/report.cgi',
      DOCUMENT_ROOT: '/srv/www',
      REDIRECT_STATUS: '200',
    },
  )
})

void t.test('ENV-1 SERVER_SOFTWARE is a product with its version (section 4.1.17)', async () => {
  assert.match(String(variables()['SERVER_SOFTWARE']), /^[\w.-]+\/[\w.-]+$/)
})

const target = { path: '/cgi-bin/report.cgi', query: '', uri: '/', hostname: undefined }

const CASES: readonly [why: string, given: Given, expected: Record<string, string | undefined>][] =
  [
    [
      '4.1.1 AUTH_TYPE with a user',
      { user: { user: 'ada', type: 'Basic' } },
      { AUTH_TYPE: 'Basic' },
    ],
    [
      '4.1.1 AUTH_TYPE: a user without a scheme',
      { user: { user: 'ada' } },
      { AUTH_TYPE: undefined },
    ],
    ['4.1.1 AUTH_TYPE: no user', { user: null }, { AUTH_TYPE: undefined, REMOTE_USER: undefined }],
    ['4.1.2 CONTENT_LENGTH', { contentLength: 5 }, { CONTENT_LENGTH: '5' }],
    ['4.1.2 CONTENT_LENGTH of an empty body', { contentLength: 0 }, { CONTENT_LENGTH: '0' }],
    [
      '4.1.2 CONTENT_LENGTH is that of the body, not what a field says',
      { contentLength: 7, request: { headers: [['Content-Length', '9']] } },
      { CONTENT_LENGTH: '7', HTTP_CONTENT_LENGTH: undefined },
    ],
    [
      '4.1.2 no CONTENT_LENGTH without a body whose length is known',
      { request: { headers: [['Content-Length', '9']] } },
      { CONTENT_LENGTH: undefined, HTTP_CONTENT_LENGTH: undefined },
    ],
    [
      '4.1.3 CONTENT_TYPE',
      { request: { headers: [['content-type', 'text/plain; charset=utf-8']] } },
      { CONTENT_TYPE: 'text/plain; charset=utf-8', HTTP_CONTENT_TYPE: undefined },
    ],
    ['4.1.3 no CONTENT_TYPE without a field', {}, { CONTENT_TYPE: undefined }],
    [
      '4.1.5 PATH_INFO and 4.1.6 PATH_TRANSLATED, decoded',
      { script: { pathInfo: '/a b/\xc3\xa9' } },
      { PATH_INFO: '/a b/\xc3\xa9', PATH_TRANSLATED: '/srv/www/a b/\xc3\xa9' },
    ],
    [
      '4.1.5 PATH_INFO of a slash alone',
      { script: { pathInfo: '/' } },
      { PATH_INFO: '/', PATH_TRANSLATED: '/srv/www/' },
    ],
    [
      '4.1.5 PATH_INFO keeps empty segments',
      { script: { pathInfo: '//a//b/' } },
      { PATH_INFO: '//a//b/' },
    ],
    [
      '4.1.6 no PATH_TRANSLATED without PATH_INFO',
      {},
      { PATH_INFO: undefined, PATH_TRANSLATED: undefined },
    ],
    [
      '4.1.7 QUERY_STRING as it was sent',
      { target: { ...target, query: 'a=%20b&c=+&\xff%zz' } },
      { QUERY_STRING: 'a=%20b&c=+&\xff%zz' },
    ],
    [
      '4.1.8 REMOTE_ADDR and 4.1.9 REMOTE_HOST of IPv6',
      { request: { remoteAddress: '2001:db8::7' } },
      { REMOTE_ADDR: '2001:db8::7', REMOTE_HOST: '2001:db8::7' },
    ],
    [
      '4.1.8 REMOTE_ADDR of an IPv4 client of an IPv6 socket (RFC 4291 section 2.5.5.2)',
      { request: { remoteAddress: '::ffff:203.0.113.7', serverAddress: '::FFFF:192.0.2.1' } },
      { REMOTE_ADDR: '203.0.113.7', REMOTE_HOST: '203.0.113.7', SERVER_ADDR: '192.0.2.1' },
    ],
    ['4.1.11 REMOTE_USER', { user: { user: 'Zoë', type: 'Basic' } }, { REMOTE_USER: 'Zo\xc3\xab' }],
    [
      '4.1.12 REQUEST_METHOD as it was sent',
      { request: { method: 'M-SEARCH' } },
      { REQUEST_METHOD: 'M-SEARCH' },
    ],
    [
      '4.1.13 SCRIPT_NAME, decoded, the mount included',
      { script: { scriptName: '/cgi-bin/é x.cgi', file: '/srv/é x.cgi' } },
      { SCRIPT_NAME: '/cgi-bin/\xc3\xa9 x.cgi', SCRIPT_FILENAME: '/srv/\xc3\xa9 x.cgi' },
    ],
    [
      '4.1.13 SCRIPT_NAME of a script that answers for the whole server is empty, but set',
      { script: { scriptName: '' } },
      { SCRIPT_NAME: '' },
    ],
    [
      '4.1.14 SERVER_NAME of IPv6 has brackets',
      { target: { ...target, hostname: '[2001:db8::1]' } },
      { SERVER_NAME: '[2001:db8::1]' },
    ],
    ['4.1.14 SERVER_NAME without Host', { target }, { SERVER_NAME: '192.0.2.1' }],
    [
      '4.1.14 SERVER_NAME without Host, on IPv6',
      { target, request: { serverAddress: '2001:db8::1', httpVersion: '1.0', headers: [] } },
      { SERVER_NAME: '[2001:db8::1]', SERVER_ADDR: '2001:db8::1', SERVER_PROTOCOL: 'HTTP/1.0' },
    ],
    [
      '4.1.14 SERVER_NAME without Host, IPv4 on an IPv6 socket',
      { target, request: { serverAddress: '::ffff:192.0.2.1' } },
      { SERVER_NAME: '192.0.2.1' },
    ],
    [
      '4.1.15 SERVER_PORT is where the request came in, whatever Host says (ENV-8)',
      { request: { headers: [['Host', 'www.example.org:99']], host: 'www.example.org:99' } },
      { SERVER_PORT: '8080', HTTP_HOST: 'www.example.org:99' },
    ],
    [
      '4.1.16 SERVER_PROTOCOL',
      { request: { httpVersion: '2.0' } },
      { SERVER_PROTOCOL: 'HTTP/2.0' },
    ],
    [
      'HTTPS and REQUEST_SCHEME',
      { request: { scheme: 'https' } },
      { HTTPS: 'on', REQUEST_SCHEME: 'https' },
    ],
    ['no HTTPS on http', {}, { HTTPS: undefined }],
    [
      'REQUEST_URI as it was sent',
      { target: { ...target, uri: '/cgi-bin/%63.cgi/%20?q=%41' } },
      { REQUEST_URI: '/cgi-bin/%63.cgi/%20?q=%41' },
    ],
    [
      'REDIRECT_URL and REDIRECT_QUERY_STRING after a local redirect',
      { request: { localRedirects: { count: 1, from: '/cgi-bin/first.cgi/a%20b?x=%41' } } },
      { REDIRECT_URL: '/cgi-bin/first.cgi/a%20b', REDIRECT_QUERY_STRING: 'x=%41' },
    ],
    [
      'no REDIRECT_URL without one',
      {},
      { REDIRECT_URL: undefined, REDIRECT_QUERY_STRING: undefined },
    ],
  ]

for (const [why, given, expected] of CASES) {
  void t.test(`ENV-1 ${why}`, async () => {
    const made = variables(given)
    for (const [name, value] of Object.entries(expected)) assert.equal(made[name], value, name)
  })
}

void t.test('ENV-1 PATH_TRANSLATED lies below documentRoot, slash at its end or not', async () => {
  for (const documentRoot of ['/srv/www', '/srv/www/']) {
    const made = variables({ script: { pathInfo: '/a' }, settings: { documentRoot } })
    assert.equal(made['PATH_TRANSLATED'], '/srv/www/a')
  }
  const root = variables({ script: { pathInfo: '/a' }, settings: { documentRoot: '/' } })
  assert.equal(root['PATH_TRANSLATED'], '/a')
})

const HEADERS: readonly [why: string, headers: HeaderField[], expected: Record<string, string>][] =
  [
    [
      'upper case, - to _',
      [
        ['Accept-Language', 'de'],
        ['x-a-B-3', '1'],
        ['X--', '2'],
      ],
      { HTTP_ACCEPT_LANGUAGE: 'de', HTTP_X_A_B_3: '1', HTTP_X__: '2' },
    ],
    [
      'duplicates are joined in their order (RFC 9110 section 5.3)',
      [
        ['X-A', '1'],
        ['Accept', 'a/b'],
        ['x-a', '2, 3'],
        ['X-A', ''],
        ['X-A', '4'],
      ],
      { HTTP_X_A: '1, 2, 3, , 4', HTTP_ACCEPT: 'a/b' },
    ],
    [
      'Cookie is joined in its own way (RFC 6265 section 5.4)',
      [
        ['Cookie', 'a=1'],
        ['cookie', 'b=2; c=3'],
      ],
      { HTTP_COOKIE: 'a=1; b=2; c=3' },
    ],
    ['an empty value is a value', [['X-A', '']], { HTTP_X_A: '' }],
    [
      'CVE-2016-5385: Proxy is left out, in any case',
      [
        ['Proxy', 'http://evil.example/'],
        ['PROXY', 'http://evil.example/'],
      ],
      {},
    ],
    [
      'credentials are left out (section 9.2)',
      [
        ['Authorization', 'Basic eA=='],
        ['proxy-authorization', 'Basic eA=='],
      ],
      {},
    ],
    [
      'hop-by-hop fields are left out (RFC 9110 section 7.6.1)',
      [
        ['Connection', 'close'],
        ['Keep-Alive', '5'],
        ['Proxy-Connection', 'close'],
        ['TE', 'trailers'],
        ['Trailer', 'X'],
        ['Transfer-Encoding', 'chunked'],
        ['Upgrade', 'h2c'],
        ['HTTP2-Settings', 'x'],
      ],
      {},
    ],
    [
      'a name with any other character is left out',
      [
        ['X_A', '1'],
        ['Content_Length', '99'],
        ['Content_Type', 'a/b'],
        ['X.A', '2'],
        ['X!A', '3'],
        ['', '4'],
      ],
      {},
    ],
    [
      'Content-Length and Content-Type have variables of their own',
      [
        ['Content-Length', '5'],
        ['Content-Type', 'a/b'],
      ],
      { CONTENT_TYPE: 'a/b' },
    ],
    [
      'a name of JavaScript is a name like others',
      [
        ['constructor', '1'],
        ['--proto--', '2'],
      ],
      { HTTP_CONSTRUCTOR: '1', HTTP___PROTO__: '2' },
    ],
  ]

for (const [why, headers, expected] of HEADERS) {
  void t.test(`ENV-2 ${why}`, async () => {
    assert.deepEqual(ofHeaders(headers), expected)
  })
}

void t.test(
  'ENV-2 passAuthorization hands credentials on, and nothing else that is left out',
  async () => {
    const made = ofHeaders(
      [
        ['Authorization', 'Basic eA=='],
        ['Proxy-Authorization', 'Basic eQ=='],
        ['Proxy', 'x'],
        ['Connection', 'close'],
      ],
      { passAuthorization: true },
    )
    assert.deepEqual(made, {
      HTTP_AUTHORIZATION: 'Basic eA==',
      HTTP_PROXY_AUTHORIZATION: 'Basic eQ==',
    })
  },
)

void t.test(
  'ENV-2 underscoreHeaders hands those names on, but never in the place of one with -',
  async () => {
    const made = ofHeaders(
      [
        ['X_Own', '1'],
        ['X_Both', 'evil'],
        ['X-Both', 'good'],
        ['x_both', 'evil'],
        ['Content_Length', '99'],
        ['Content_Type', 'evil'],
        ['Transfer_Encoding', 'chunked'],
        ['Proxy_Authorization', 'evil'],
        ['X.Y', '2'],
      ],
      { underscoreHeaders: 'allow' },
    )
    assert.deepEqual(made, { HTTP_X_OWN: '1', HTTP_X_BOTH: 'good' })
  },
)

void t.test('ENV-4 the header of a client alone makes no user', async () => {
  const headers: HeaderField[] = [
    ['Authorization', 'Basic YWRhOng='],
    ['Remote-User', 'ada'],
  ]
  const made = variables({ request: { headers }, settings: { passAuthorization: true } })
  assert.equal(made['REMOTE_USER'], undefined)
  assert.equal(made['AUTH_TYPE'], undefined)
  assert.equal(made['HTTP_REMOTE_USER'], 'ada')
})

void t.test('ENV-7 bytes over 0x7F of a header arrive as they were sent', async () => {
  const all = Array.from({ length: 128 }, (_, index) => String.fromCharCode(index + 128)).join('')
  const made = ofHeaders([
    ['X-Latin', 'caf\xe9'],
    ['X-UTF-8', '\xe2\x82\xac'],
    ['X-All', all],
    ['Content-Type', 'text/\xe9'],
  ])
  assert.deepEqual(made, {
    HTTP_X_LATIN: 'caf\xe9',
    HTTP_X_UTF_8: '\xe2\x82\xac',
    HTTP_X_ALL: all,
    CONTENT_TYPE: 'text/\xe9',
  })
})

void t.test('ENV-7 every value is a byte string, whatever it was made of', async () => {
  const made = variables({
    script: { pathInfo: '/\xe6\x97\xa5', scriptName: '/日.cgi', file: '/日.cgi' },
    user: { user: '日', type: '日' },
    env: { WORD: '日' },
    settings: { documentRoot: '/日', inherited: { LANG: '日' } },
  })
  for (const [name, value] of Object.entries(made)) {
    // oxlint-disable-next-line no-control-regex -- the bytes are what this is about
    assert.match(value, /^[\x00-\xff]*$/, name)
  }
  assert.equal(made['WORD'], '\xe6\x97\xa5')
  assert.equal(made['LANG'], '\xe6\x97\xa5')
  assert.equal(made['PATH_TRANSLATED'], '/\xe6\x97\xa5/\xe6\x97\xa5')
})

void t.test('ENV-3 env wins over a meta-variable, that over what is inherited', async () => {
  const made = variables({
    request: {
      headers: [
        ['X-A', 'header'],
        ['X-B', 'header'],
      ],
    },
    env: { REQUEST_METHOD: 'env', HTTP_X_A: 'env', PATH: 'env', OWN: 'env' },
    settings: {
      inherited: { PATH: '/usr/bin', LANG: 'C', REQUEST_METHOD: 'host', HTTP_X_B: 'host' },
    },
  })
  assert.equal(made['REQUEST_METHOD'], 'env')
  assert.equal(made['HTTP_X_A'], 'env')
  assert.equal(made['PATH'], 'env')
  assert.equal(made['OWN'], 'env')
  assert.equal(made['LANG'], 'C')
  assert.equal(made['HTTP_X_B'], 'header')
  assert.equal(
    variables({ settings: { inherited: { REQUEST_METHOD: 'host' } } })['REQUEST_METHOD'],
    'GET',
  )
})

const IMPOSSIBLE: readonly [why: string, given: Given][] = [
  ['NUL in a value of env', { env: { A: 'b\0c' } }],
  ['NUL in a name of env', { env: { 'A\0': 'b' } }],
  ['= in a name of env', { env: { 'A=B': 'c' } }],
  ['an empty name in env', { env: { '': 'c' } }],
  // A function of the application may return anything.
  ['a value of env that is no text', { env: { A: 1 as unknown as string } }],
  ['NUL in a header', { request: { headers: [['X-A', '\0']] } }],
  ['NUL in the name of the user', { user: { user: 'a\0b' } }],
  ['NUL in the query', { target: { ...target, query: 'a\0b' } }],
  ['NUL in the path', { script: { pathInfo: '/a\0b' } }],
]

for (const [why, given] of IMPOSSIBLE) {
  void t.test(`ENV-3 refuses what no environment can hold: ${why}`, async () => {
    assert.throws(
      () => variables(given),
      (error: CgiError) => error.code === 'CGI_ERR_ENVIRONMENT' && error.reason !== undefined,
    )
  })
}

const ARGUMENTS: readonly [method: string, query: string, words: readonly string[]][] = [
  ['GET', 'one', ['one']],
  ['HEAD', 'one+two', ['one', 'two']],
  ['GET', 'a%20b+c%3Dd', ['a b', 'c=d']],
  ['GET', '%2B+-s', ['+', '-s']],
  ['GET', 'caf%C3%A9+%ff', ['caf\xc3\xa9', '\xff']],
  // Decoded once.
  ['GET', '%2541', ['%41']],
  ['GET', '', []],
  ['GET', 'a=b', []],
  ['GET', 'one+a=b', []],
  ['GET', '=', []],
  ['POST', 'one', []],
  ['PUT', 'one', []],
  ['get', 'one', []],
  // Section 4.4: where one word cannot be an argument, there are none.
  ['GET', 'one+%00', []],
]

void t.test('ENV-5 the words of an indexed query are arguments (section 4.4)', async () => {
  for (const [method, query, words] of ARGUMENTS) {
    assert.deepEqual(createArguments(method, query), words, `${method} ?${query}`)
  }
})
