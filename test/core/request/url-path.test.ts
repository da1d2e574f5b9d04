import assert from 'node:assert/strict'
import t from 'tap'
import { toOriginForm } from '@common-gateway/core/adapter'
import { authorityOf, decodeSegments, splitQuery } from '@internal/core/request/url-path.js'

const TARGETS: readonly [target: string, origin: string, authority: string | undefined][] = [
  ['/a/b?c', '/a/b?c', undefined],
  ['//host/a', '//host/a', undefined],
  ['/http://host/a', '/http://host/a', undefined],
  ['http://www.example.org/a?b', '/a?b', 'www.example.org'],
  ['HTTP://www.example.org:8080/a', '/a', 'www.example.org:8080'],
  ['https://[2001:db8::1]:443/', '/', '[2001:db8::1]:443'],
  // RFC 9112 section 3.2.1: an empty path becomes a slash.
  ['http://www.example.org', '/', 'www.example.org'],
  ['http://www.example.org?q', '/?q', 'www.example.org'],
  // Parsers disagree about where the path of these begins.
  ['svn+ssh://host/a', 'svn+ssh://host/a', 'host'],
  ['javascript://host/a', 'javascript://host/a', 'host'],
  ['http://host%2fb/a', 'http://host%2fb/a', 'host%2fb'],
  ['http://host;b/a', 'http://host;b/a', 'host;b'],
  ['http://host\\b/a', 'http://host\\b/a', 'host\\b'],
  ['*', '*', undefined],
  ['www.example.org:443', 'www.example.org:443', undefined],
]

void t.test(
  'ENV-1 a request-target in absolute form is the same resource as in origin form',
  async () => {
    for (const [target, origin, authority] of TARGETS) {
      assert.equal(toOriginForm(target), origin, target)
      assert.equal(authorityOf(target), authority, target)
    }
  },
)

void t.test('ENV-1 the query begins after the first question mark', async () => {
  assert.deepEqual(splitQuery('/a'), ['/a', ''])
  assert.deepEqual(splitQuery('/a?'), ['/a', ''])
  assert.deepEqual(splitQuery('/a?b?c=d'), ['/a', 'b?c=d'])
  assert.deepEqual(splitQuery('?'), ['', ''])
})

const DECODED: readonly [path: string, segments: readonly string[]][] = [
  ['', ['']],
  ['/', ['', '']],
  ['/a/b', ['', 'a', 'b']],
  ['//a//', ['', '', 'a', '', '']],
  ['/a%20b', ['', 'a b']],
  ['/a+b', ['', 'a+b']],
  ['/%41%6a%6A', ['', 'Ajj']],
  ['/%C3%A9/%e2%82%ac', ['', '\xc3\xa9', '\xe2\x82\xac']],
  // A client may send the bytes themselves.
  ['/\xc3\xa9', ['', '\xc3\xa9']],
  ['/%f0%9f%98%80', ['', '\xf0\x9f\x98\x80']],
  ['/%ef%bb%bfa', ['', '\xef\xbb\xbfa']],
  // Once, and only once.
  ['/%2541', ['', '%41']],
  ['/%252e%252e/', ['', '%2e%2e', '']],
  ['/%2500', ['', '%00']],
  // A slash that was encoded is part of its segment; what may become of it is for others to say.
  ['/a%2Fb%2f', ['', 'a/b/']],
  ['/%0a%09', ['', '\n\t']],
  // Bytes that are not UTF-8 stay what they are: Latin-1, overlong forms, half a character.
  ['/caf%e9/\xff', ['', 'caf\xe9', '\xff']],
  ['/%c0%ae%c0%af%c0%80', ['', '\xc0\xae\xc0\xaf\xc0\x80']],
  ['/%e2%82/%ac', ['', '\xe2\x82', '\xac']],
]

void t.test('MAP-3 ENV-7 a path is decoded once, segment by segment, to its bytes', async () => {
  for (const [path, segments] of DECODED) assert.deepEqual(decodeSegments(path), segments, path)
})

const NEVER_A_PATH: readonly [path: string, why: string][] = [
  ['/%', 'RFC 3986 section 2.1: an escape has two digits'],
  ['/%a', 'one digit'],
  ['/%/a', 'no digit, and the next segment is none of it'],
  ['/a%4', 'cut short at the end'],
  ['/%zz', 'no hexadecimal digits'],
  ['/%4g', 'the second is none'],
  ['/% 41', 'a blank is no digit'],
  ['/%u0041', 'an escape of old JavaScript'],
  ['/%25%', 'a good one before a bad one'],
  ['/%00', 'NUL'],
  ['/a%00.cgi', 'NUL in the middle'],
  ['/a\0b', 'NUL as it is'],
  ['/\u0100', 'not a byte string'],
  ['/\uff0e\uff0e', 'dots of full width are no bytes either'],
]

void t.test('MAP-3 what cannot be a path is none', async () => {
  for (const [path, why] of NEVER_A_PATH) assert.equal(decodeSegments(path), null, why)
})
