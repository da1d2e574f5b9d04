import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError, type CgiRequest, type HeaderField } from '@common-gateway/core'
import { createRequest } from '../requests.js'
import { parseRequestTarget } from '@internal/core/request/target.js'

const host = (value: string): HeaderField => ['Host', value]

/** A request of a client that sent this Host, which the framework sees likewise. */
function withHost(value: string): CgiRequest {
  return createRequest({ headers: [host(value)], host: value })
}

function assertRefused(request: CgiRequest, code: string, why: string): void {
  let refusal: unknown
  try {
    parseRequestTarget(request)
  } catch (error) {
    refusal = error
  }
  assert.ok(refusal instanceof CgiError, `not refused: ${why}`)
  assert.equal(refusal.code, code, why)
  assert.equal(refusal.statusCode, 400, why)
}

const TARGETS: readonly [url: string, path: string, query: string][] = [
  ['/cgi-bin/a.cgi', '/cgi-bin/a.cgi', ''],
  ['/cgi-bin/a.cgi?', '/cgi-bin/a.cgi', ''],
  ['/cgi-bin/a.cgi/b?c=d&e', '/cgi-bin/a.cgi/b', 'c=d&e'],
  ['/a?b?c', '/a', 'b?c'],
  ['/%61?%62+c', '/%61', '%62+c'],
  ['/a?caf\xe9', '/a', 'caf\xe9'],
  ['//a//b', '//a//b', ''],
  ['/', '/', ''],
]

void t.test('ENV-1 path and query are taken apart, and not decoded', async () => {
  for (const [url, path, query] of TARGETS) {
    assert.deepEqual(parseRequestTarget(createRequest({ url })), {
      path,
      query,
      uri: url,
      hostname: 'www.example.org',
    })
  }
})

void t.test(
  'ENV-1 REQUEST_URI is what the client sent, wherever the framework went with it',
  async () => {
    const target = parseRequestTarget(createRequest({ url: '/b', originalUrl: '/a?b=%63' }))
    assert.equal(target?.uri, '/a?b=%63')
    const absolute = createRequest({ originalUrl: 'http://www.example.org/a?b' })
    assert.equal(parseRequestTarget(absolute)?.uri, '/a?b')
  },
)

void t.test('MAP-2 the server as a whole is no script (RFC 9112 section 3.2.4)', async () => {
  assert.equal(parseRequestTarget(createRequest({ method: 'OPTIONS', url: '*' })), null)
})

void t.test('MAP-3 refuses a target that is no path', async () => {
  const cases: readonly [url: string, why: string][] = [
    ['', 'nothing'],
    ['cgi-bin/a.cgi', 'no slash first'],
    ['?a', 'a query alone'],
    ['www.example.org:443', 'authority form'],
    ['*a', 'more than an asterisk'],
    ['/a#b', 'a fragment: RFC 9112 section 3.2 has none'],
    ['/a?b#c', 'a fragment in the query'],
  ]
  for (const [url, why] of cases) assertRefused(createRequest({ url }), 'CGI_ERR_BAD_TARGET', why)
})

const HOSTS: readonly [host: string, hostname: string][] = [
  ['www.example.org', 'www.example.org'],
  ['www.example.org:8080', 'www.example.org'],
  ['www.example.org:', 'www.example.org'],
  ['WWW.Example.ORG', 'WWW.Example.ORG'],
  ['localhost', 'localhost'],
  ['192.0.2.1:80', '192.0.2.1'],
  ['[2001:db8::1]', '[2001:db8::1]'],
  ['[2001:db8::1]:8080', '[2001:db8::1]'],
  ['[::ffff:192.0.2.1]:80', '[::ffff:192.0.2.1]'],
  ['[fe80::1%25eth0]', '[fe80::1%25eth0]'],
  ['under_score.example', 'under_score.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['b%C3%BCcher.example', 'b%C3%BCcher.example'],
]

void t.test('ENV-1 SERVER_NAME is the host without its port, IPv6 in brackets', async () => {
  for (const [value, hostname] of HOSTS) {
    assert.equal(parseRequestTarget(withHost(value))?.hostname, hostname, value)
  }
})

const NO_HOSTS: readonly [host: string, why: string][] = [
  ['a b', 'a blank'],
  ['a, b', 'two hosts'],
  ['a/b', 'a path'],
  ['a?b', 'a query'],
  ['a#b', 'a fragment'],
  ['user@a', 'user information'],
  ['http://a', 'a URL'],
  ['a:b', 'a port that is no number'],
  ['a:80:80', 'two ports'],
  [':80', 'a port alone'],
  ['::1', 'IPv6 without brackets'],
  ['[::1', 'a bracket left open'],
  ['[::1]a', 'something after the bracket'],
  ['[a.example]', 'no address in brackets'],
  ['a\\b', 'a backslash'],
  ['a"b', 'a quote'],
  ['<a>', 'markup'],
  ['a\tb', 'a tab'],
  ['caf\xe9.example', 'Latin-1'],
  ['a%', 'an escape cut short'],
  ['a%zz', 'an escape without digits'],
  [' a', 'a blank before it'],
]

void t.test('ENV-8 refuses a Host that is no host (RFC 9112 section 3.2)', async () => {
  for (const [value, why] of NO_HOSTS) assertRefused(withHost(value), 'CGI_ERR_BAD_HOST', why)
})

void t.test(
  'ENV-8 refuses such a host where the framework or the target gives it, too',
  async () => {
    for (const [value, why] of NO_HOSTS) {
      assertRefused(createRequest({ host: value }), 'CGI_ERR_BAD_HOST', `framework: ${why}`)
    }
    for (const originalUrl of ['http://user@a/', 'http://a b/', 'http://[::1/']) {
      assertRefused(createRequest({ originalUrl }), 'CGI_ERR_BAD_HOST', originalUrl)
    }
  },
)

void t.test(
  'BODY-6 refuses more than one Host, be they the same (RFC 9112 section 3.2)',
  async () => {
    for (const second of ['other.example', 'www.example.org', '']) {
      const headers = [host('www.example.org'), ['hOST', second]] as const
      assertRefused(createRequest({ headers }), 'CGI_ERR_BAD_HOST', second)
    }
  },
)

void t.test('ENV-8 without a Host there is no name; the server gives its own', async () => {
  const none = createRequest({ httpVersion: '1.0', headers: [], host: undefined })
  assert.equal(parseRequestTarget(none)?.hostname, undefined)
  assert.equal(parseRequestTarget(withHost(''))?.hostname, undefined)
})

const CHOICES: readonly [why: string, given: Partial<CgiRequest>, hostname: string][] = [
  [
    'an absolute target goes before Host (RFC 9112 section 3.2.2)',
    { originalUrl: 'http://target.example:81/a', headers: [host('h.example')], host: 'h.example' },
    'target.example',
  ],
  [
    'a proxy that the framework trusts goes before Host',
    { headers: [host('h.example')], host: 'proxy.example:443' },
    'proxy.example',
  ],
  [
    'and before an absolute target',
    {
      originalUrl: 'http://target.example/a',
      headers: [host('h.example')],
      host: 'proxy.example',
    },
    'proxy.example',
  ],
  [
    'HTTP/2 has no Host, its authority comes from the framework',
    { httpVersion: '2.0', headers: [], host: 'authority.example:8443' },
    'authority.example',
  ],
  [
    'Host, where the framework says nothing',
    { headers: [host('h.example:1')], host: undefined },
    'h.example',
  ],
]

for (const [why, given, hostname] of CHOICES) {
  void t.test(`ENV-4 which host is meant: ${why}`, async () => {
    assert.equal(parseRequestTarget(createRequest(given))?.hostname, hostname)
  })
}
