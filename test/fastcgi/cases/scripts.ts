import { fileURLToPath } from 'node:url'
import assert from 'node:assert/strict'
import { type Case, says } from '../case.js'

/** `index.php`, `sub/page.php`, `uploads/evil.jpg`, `nph-raw.php`, `.hidden.php`, none of which can be executed. */
const SITE = fileURLToPath(new URL('../../../fixtures/fastcgi-site', import.meta.url))

const THERE = '/srv/there'

interface Split {
  readonly path: string
  /** Below the mount. */
  readonly script: string
  readonly pathInfo?: string
  readonly mapped?: string
}

/** Paths without files here, and what they name. */
const SPLIT: readonly Split[] = [
  { path: '/index.php', script: '/index.php' },
  { path: '/index.php/', script: '/index.php', pathInfo: '/' },
  { path: '/index.php/a/b', script: '/index.php', pathInfo: '/a/b' },
  { path: '/sub/page.php/a%20b?c', script: '/sub/page.php', pathInfo: '/a b' },
  { path: '/remote.php/dav/evil.php', script: '/remote.php', pathInfo: '/dav/evil.php' },
  { path: '/index.php/photo.jpg', script: '/index.php', pathInfo: '/photo.jpg' },
  { path: '/%69ndex%2ephp/x', script: '/index.php', pathInfo: '/x' },
  { path: '/%C3%BC.php/%C3%A4', script: '/\xc3\xbc.php', pathInfo: '/\xc3\xa4' },
  { path: '/index.php//a//b', script: '/index.php', pathInfo: '//a//b' },
]

/** Paths that must reach no application, with the status. */
const REFUSED: readonly (readonly [path: string, status: number])[] = [
  ['/uploads/evil.jpg/x.php', 404],
  ['/uploads/evil.jpg/x.php/y', 404],
  ['/evil.txt/index.php', 404],
  ['/evil.phar/index.php', 404],
  ['/evil.jpg%2fx.php', 400],
  ['/evil.jpg%00.php', 400],
  ['/evil.jpg%00/x.php', 400],
  ['/index.PHP', 404],
  ['/index.Php/x', 404],
  ['/index.ph%70%00', 400],
  ['/index.php5', 404],
  ['/index.phpx/y', 404],
  ['/index.php.bak', 404],
  ['/index.php~', 404],
  ['/index.php%20', 404],
  ['/index.php.', 404],
  ['/index.php%0a', 404],
  // A letter of another width, which some foldings make a `p`.
  ['/index.%EF%BD%90hp', 404],
  ['/sub', 404],
  ['/sub/', 404],
  ['/', 404],
  ['', 404],
  ['/../index.php', 400],
  ['/%2e%2e/index.php', 400],
  ['/index.php/%2e%2e/x', 400],
  ['/a%5cindex.php', 400],
  ['/.hidden.php', 404],
  ['/.git/index.php', 404],
]

const BY_SPLIT: readonly Case[] = [
  ...SPLIT.map(
    ({ path, script, pathInfo }): Case => ({
      name: `UP-3 split: ${path} is ${JSON.stringify(script)} with PATH_INFO ${JSON.stringify(pathInfo)}`,
      upstreams: [says('run')],
      fastcgi: { split: '.php', root: THERE },
      path,
      expected: {
        text: 'run',
        variables: {
          SCRIPT_NAME: `/cgi-bin${script}`,
          SCRIPT_FILENAME: THERE + script,
          PATH_INFO: pathInfo,
          DOCUMENT_ROOT: THERE,
          PATH_TRANSLATED: pathInfo && THERE + pathInfo.replaceAll(/\/+/g, '/'),
        },
      },
    }),
  ),
  ...REFUSED.map(
    ([path, status]): Case => ({
      name: `UP-3 split: ${JSON.stringify(path)} runs nothing`,
      upstreams: [says('never')],
      fastcgi: { split: '.php', root: THERE },
      path,
      async play({ send, upstream }) {
        const answer = await send(path)
        // Frameworks resolve dot segments, or refuse them, before the gateway.
        if (!path.includes('..')) assert.equal(answer.status, status)
        else assert.ok(answer.status >= 400)
        assert.equal(upstream.calls.length, 0)
      },
    }),
  ),
]

const BY_FILES: readonly Case[] = [
  {
    name: 'UP-3 root: a script here is a path there',
    upstreams: [says('run')],
    use: 'interpreters',
    gateway: { root: SITE },
    fastcgi: { root: THERE },
    path: '/sub/page.php/info',
    expected: {
      text: 'run',
      variables: {
        SCRIPT_NAME: '/cgi-bin/sub/page.php',
        SCRIPT_FILENAME: `${THERE}/sub/page.php`,
        PATH_INFO: '/info',
        DOCUMENT_ROOT: THERE,
        PATH_TRANSLATED: `${THERE}/info`,
      },
    },
  },
  {
    name: 'UP-3 without root, a script has the path that it has here',
    upstreams: [says('run')],
    use: 'interpreters',
    gateway: { root: SITE },
    path: '/index.php',
    expected: {
      text: 'run',
      variables: {
        SCRIPT_FILENAME: `${SITE}/index.php`,
        DOCUMENT_ROOT: SITE,
        PATH_INFO: undefined,
        REDIRECT_STATUS: '200',
      },
    },
  },
  {
    name: 'MAP-5 an index that an application runs',
    upstreams: [says('index')],
    use: 'interpreters',
    gateway: { root: SITE, index: ['index.php'] },
    path: '/',
    expected: { text: 'index', variables: { SCRIPT_NAME: '/cgi-bin/index.php' } },
  },
  {
    name: 'MAP-8 fallback: what names no file is answered by the front controller',
    upstreams: [says('front')],
    use: 'interpreters',
    gateway: { root: SITE, fallback: 'index.php' },
    path: '/no/such/page?a=1',
    expected: {
      text: 'front',
      variables: {
        SCRIPT_NAME: '/cgi-bin/index.php',
        PATH_INFO: undefined,
        REQUEST_URI: '/cgi-bin/no/such/page?a=1',
        QUERY_STRING: 'a=1',
      },
    },
  },
  ...['/uploads/evil.jpg/x.php', '/uploads/evil.jpg/', '/index.php5', '/sub/page.PHP'].map(
    (path): Case => ({
      name: `UP-3 files: ${path} runs nothing`,
      upstreams: [says('never')],
      use: 'interpreters',
      gateway: { root: SITE },
      async play({ send, upstream }) {
        assert.ok((await send(path)).status >= 403)
        assert.equal(upstream.calls.length, 0)
      },
    }),
  ),
  ...['/uploads/evil.jpg', '/index.php.bak', '/.hidden.php', '/index.php%00.jpg'].map(
    (path): Case => ({
      name: `UP-3 otherFiles 'send': ${path} is neither run nor sent as source`,
      upstreams: [says('never')],
      use: 'interpreters',
      gateway: { root: SITE, otherFiles: 'send' },
      async play({ send, upstream }) {
        const answer = await send(path)
        assert.equal(upstream.calls.length, 0)
        assert.ok(answer.status >= 400 && !answer.text.includes('<?php'))
      },
    }),
  ),
  {
    name: 'UP-3 transport: each file of the root that has an extension is run there',
    upstreams: [says('run')],
    use: 'transport',
    gateway: { root: SITE, extensions: ['.php'] },
    fastcgi: { root: THERE },
    path: '/index.php',
    expected: { text: 'run', variables: { SCRIPT_FILENAME: `${THERE}/index.php` } },
  },
  {
    name: 'HDR-4 a script whose name begins with nph- writes the response itself',
    upstreams: [(call) => void call.stdout('HTTP/1.1 299 Own\r\nX-Own: 1\r\n\r\nraw').end()],
    use: 'interpreters',
    isHttp1: true,
    gateway: { root: SITE },
    path: '/nph-raw.php',
    expected: { status: 299, text: 'raw', fields: { 'x-own': ['1'] } },
  },
  {
    name: 'HDR-4 an NPH script that is cut is cut for the client',
    upstreams: [
      (call) => {
        call.stdout('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nraw').connection.socket.end()
      },
    ],
    use: 'interpreters',
    isHttp1: true,
    gateway: { root: SITE },
    path: '/nph-raw.php',
    expected: { isCut: true },
  },
]

export const scriptCases: readonly Case[] = [...BY_SPLIT, ...BY_FILES]
