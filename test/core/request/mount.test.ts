import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError } from '@common-gateway/core'
import { findMount, type MountOptions, takeMount } from '@common-gateway/core/adapter'

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
  // Decoded twice it would be the prefix; a slash that was encoded does not part segments.
  ['/%2563gi-bin/a', '/cgi-bin', null],
  ['/%zz/a', '/cgi-bin', null],
  ['/%ff/a', '/cgi-bin', null],
  ['/x?/cgi-bin/a', '/cgi-bin', null],
  ['/one', '/one/two', null],
  ['//cgi-bin/a', '/cgi-bin', '//cgi-bin'],
  ['///%63gi-bin//a', '/cgi-bin', '///%63gi-bin'],
  ['/one//two/a', '/one/two', '/one//two'],
  ['//', '', ''],
  ['*', '', null],
  ['/files/https%3A%2F%2Fwww.example.org%2Fcgi-bin%2Fa', '/cgi-bin', null],
  ['/files/../other/cgi-bin/a', '/cgi-bin', null],
  ['/a\\b/cgi-bin/a', '/cgi-bin', null],
  ['svn+ssh://host/a', '/cgi-bin', null],
]

void t.test('MAP-1 the mount is found as it was sent, and only whole segments count', async () => {
  for (const [path, prefix, mount] of MOUNTS) {
    assert.equal(findMount(path, prefix), mount, `${path} below ${prefix}`)
  }
})

void t.test('MAP-1 a mount of so many segments is taken from the path as it was sent', async () => {
  assert.equal(takeMount('/a/b/c', 0), '')
  assert.equal(takeMount('/a/b/c', 1), '/a')
  assert.equal(takeMount('/%61/b/c', 2), '/%61/b')
  assert.equal(takeMount('/a/b', 2), '/a/b')
  assert.equal(takeMount('/a/b/', 2), '/a/b')
  assert.equal(takeMount('/a', 5), '/a')
  assert.equal(takeMount('/a?b/c', 1), '/a')
  assert.equal(takeMount('/a?b/c', 2), '/a')
  assert.equal(takeMount('//a///b//c', 2), '//a///b')
  assert.equal(takeMount('//', 1), '')
})

/** Each leads to scripts for some server of static files, or for some parser of URLs before it. */
const ODD: readonly [path: string, prefix: string, options?: MountOptions][] = [
  ['/./cgi-bin/a', '/cgi-bin'],
  ['/%2e/cgi-bin/a', '/cgi-bin'],
  ['/x/../cgi-bin/a', '/cgi-bin'],
  ['/x/%2e%2E/cgi-bin/a', '/cgi-bin'],
  ['/../cgi-bin/a', '/cgi-bin'],
  ['//x//..//cgi-bin/a', '/cgi-bin'],
  ['/cgi-bin%2fa', '/cgi-bin'],
  ['/%2fcgi-bin/a', '/cgi-bin'],
  ['/x%2f..%2fcgi-bin%2fa', '/cgi-bin'],
  ['/x%2fy/../cgi-bin/a', '/cgi-bin'],
  ['/cgi-bin\\a', '/cgi-bin'],
  ['/cgi-bin%5ca', '/cgi-bin'],
  ['/\\cgi-bin/a', '/cgi-bin'],
  ['/x\\..\\cgi-bin/a', '/cgi-bin'],
  ['/x\\y/../cgi-bin/a', '/cgi-bin'],
  ['/x/../cgi-bin//../a', '/cgi-bin'],
  ['/x/../cgi-bin/a?b', '/cgi-bin'],
  ['/x/../cgi-bin/a#b', '/cgi-bin'],
  ['/one%2Ftwo/a', '/one/two'],
  ['/one/./two/a', '/one/two'],
  ['/one/x/../two/a', '/one/two'],
  ['javascript://cgi-bin/a', '/cgi-bin'],
  ['http://host%2fcgi-bin/a', '/cgi-bin'],
  ['http://host\\cgi-bin/a', '/cgi-bin'],
  ['/api/x/../../api/cgi-bin/a', '/cgi-bin', { base: '/api' }],
  ['/api/./cgi-bin/a', '/cgi-bin', { base: '/api' }],
]

void t.test(
  'MAP-4 what only another reading takes for a path below the mount is refused',
  async () => {
    for (const [path, prefix, options] of ODD) {
      assert.throws(
        () => findMount(path, prefix, options),
        (error: unknown) => error instanceof CgiError && error.code === 'CGI_ERR_BAD_TARGET',
        path,
      )
    }
  },
)

void t.test(
  'MAP-4 another letter case is refused where the file system is blind to it',
  async () => {
    for (const path of ['/CGI-BIN/a', '/Cgi-Bin', '/cgi-bin./a', '/cgi-bin%20/a', '//cgI-bin/a']) {
      assert.equal(findMount(path, '/cgi-bin'), null)
      assert.throws(
        () => findMount(path, '/cgi-bin', { isCaseBlind: true }),
        (error: unknown) => error instanceof CgiError && error.code === 'CGI_ERR_NOT_FOUND',
        path,
      )
    }
    assert.equal(findMount('/other/a', '/cgi-bin', { isCaseBlind: true }), null)
  },
)

void t.test('MAP-1 a mount is below what the framework has matched', async () => {
  assert.equal(findMount('/%61pi/cgi-bin/a', '/cgi-bin', { base: '/%61pi' }), '/%61pi/cgi-bin')
  assert.equal(findMount('/%61pi//cgi-bin/a', '/cgi-bin', { base: '/%61pi' }), '/%61pi//cgi-bin')
  assert.equal(findMount('/api/other', '/cgi-bin', { base: '/api' }), null)
})
