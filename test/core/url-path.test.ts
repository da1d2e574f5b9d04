import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMount, takeMount, toOriginForm } from '@common-gateway/core'
import { authorityOf, decodeSegments, splitQuery } from './steps.js'

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
  ['svn+ssh://host/a', '/a', 'host'],
  ['*', '*', undefined],
  ['www.example.org:443', 'www.example.org:443', undefined],
]

test('ENV-1 a request-target in absolute form is the same resource as in origin form', () => {
  for (const [target, origin, authority] of TARGETS) {
    assert.equal(toOriginForm(target), origin, target)
    assert.equal(authorityOf(target), authority, target)
  }
})

test('ENV-1 the query begins after the first question mark', () => {
  assert.deepEqual(splitQuery('/a'), ['/a', ''])
  assert.deepEqual(splitQuery('/a?'), ['/a', ''])
  assert.deepEqual(splitQuery('/a?b?c=d'), ['/a', 'b?c=d'])
  assert.deepEqual(splitQuery('?'), ['', ''])
})

const MOUNTS: readonly [path: string, prefix: string, mount: string | null][] = [
  ['/cgi-bin', '/cgi-bin', '/cgi-bin'],
  ['/cgi-bin/', '/cgi-bin', '/cgi-bin'],
  ['/cgi-bin/a.cgi/b', '/cgi-bin', '/cgi-bin'],
  ['/cgi-bin?a/b', '/cgi-bin', '/cgi-bin'],
  ['/cgi-bin#a', '/cgi-bin', '/cgi-bin'],
  ['/%63gi-bin/a.cgi', '/cgi-bin', '/%63gi-bin'],
  ['/%63%67i-bin', '/cgi-bin', '/%63%67i-bin'],
  ['/a%20b/c', '/a b', '/a%20b'],
  ['/%C3%A9/c', '/é', '/%C3%A9'],
  ['/one/two/a', '/one/two', '/one/two'],
  ['/a.cgi', '', ''],
  ['/', '', ''],
  ['/cgi-binary/a', '/cgi-bin', null],
  ['/cgi', '/cgi-bin', null],
  ['/', '/cgi-bin', null],
  ['/CGI-BIN/a', '/cgi-bin', null],
  ['//cgi-bin/a', '/cgi-bin', null],
  // Decoded twice it would be the prefix; a slash that was encoded does not part segments.
  ['/%2563gi-bin/a', '/cgi-bin', null],
  ['/one%2Ftwo/a', '/one/two', null],
  ['/%zz/a', '/cgi-bin', null],
  ['/%ff/a', '/cgi-bin', null],
  ['/x?/cgi-bin/a', '/cgi-bin', null],
  ['/one', '/one/two', null],
]

test('MAP-1 the mount is found as it was sent, and only whole segments count', () => {
  for (const [path, prefix, mount] of MOUNTS) {
    assert.equal(findMount(path, prefix), mount, `${path} below ${prefix}`)
  }
})

test('MAP-1 a mount of so many segments is taken from the path as it was sent', () => {
  assert.equal(takeMount('/a/b/c', 0), '')
  assert.equal(takeMount('/a/b/c', 1), '/a')
  assert.equal(takeMount('/%61/b/c', 2), '/%61/b')
  assert.equal(takeMount('/a/b', 2), '/a/b')
  assert.equal(takeMount('/a/b/', 2), '/a/b')
  assert.equal(takeMount('/a', 5), '/a')
  assert.equal(takeMount('/a?b/c', 1), '/a')
  assert.equal(takeMount('/a?b/c', 2), '/a')
})

const DECODED: readonly [path: string, segments: readonly string[]][] = [
  ['', ['']],
  ['/', ['', '']],
  ['/a/b', ['', 'a', 'b']],
  ['//a//', ['', '', 'a', '', '']],
  ['/a%20b', ['', 'a b']],
  ['/a+b', ['', 'a+b']],
  ['/%41%6a%6A', ['', 'Ajj']],
  ['/%C3%A9/%e2%82%ac', ['', 'é', '€']],
  // A client may send the bytes themselves.
  ['/\xc3\xa9', ['', 'é']],
  ['/%f0%9f%98%80', ['', '\u{1f600}']],
  ['/%ef%bb%bfa', ['', '\ufeffa']],
  // Once, and only once.
  ['/%2541', ['', '%41']],
  ['/%252e%252e/', ['', '%2e%2e', '']],
  ['/%2500', ['', '%00']],
  // A slash that was encoded is part of its segment; what may become of it is for others to say.
  ['/a%2Fb%2f', ['', 'a/b/']],
  ['/%0a%09', ['', '\n\t']],
]

test('MAP-3 ENV-7 a path is decoded once, segment by segment', () => {
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
  ['/%c0%80', 'overlong NUL'],
  ['/%c0%ae%c0%ae/', 'overlong dots'],
  ['/%c0%af', 'overlong slash'],
  ['/%e0%80%af', 'overlong slash, three bytes'],
  ['/%f0%80%80%af', 'overlong slash, four bytes'],
  ['/%ff', 'never in UTF-8'],
  ['/%e9', 'Latin-1'],
  ['/\xe9', 'Latin-1, not escaped'],
  ['/%ed%a0%80', 'a surrogate'],
  ['/%f4%90%80%80', 'past U+10FFFF'],
  ['/%e2%82/%ac', 'a character that a slash parts'],
  ['/\u0100', 'not a byte string'],
  ['/\uff0e\uff0e', 'dots of full width are no bytes either'],
]

test('MAP-3 what cannot be a path is none', () => {
  for (const [path, why] of NEVER_A_PATH) assert.equal(decodeSegments(path), null, why)
})
