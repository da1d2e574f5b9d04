import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError } from '@common-gateway/core/transport'
import { splitPath } from '@internal/fastcgi/split-path.js'

/** The script and the rest, or the code of the error. */
function split(path: string, extensions = ['.php']): string {
  try {
    const found = splitPath(path.split('/').slice(1), extensions)
    return found === null
      ? 'none'
      : [found.script, found.rest].map((part) => part.join('/')).join('|')
  } catch (error) {
    if (error instanceof CgiError) return error.code
    throw error
  }
}

void t.test('UP-3 a path is split at the first name with the extension', async () => {
  assert.equal(split('/index.php'), 'index.php|')
  assert.equal(split('/index.php/'), 'index.php|')
  assert.equal(split('/blog/index.php/2026/a.php'), 'blog/index.php|2026/a.php')
  assert.equal(split('/index.php/../etc'), 'index.php|../etc')
  assert.equal(split('/a.php5/b.php', ['.php', '.php5']), 'a.php5|b.php')
})

void t.test('UP-3 a path without such a name leads to no script', async () => {
  for (const path of ['/', '/a', '/a.html', '/a.phps', '/a.PHP', '/a.Php', '/php', '/a.php%20']) {
    assert.equal(split(path), 'none', path)
  }
})

void t.test('UP-3 no script is behind a name that may be a file', async () => {
  const paths = [
    '/uploads/evil.jpg/x.php',
    '/uploads/evil.jpg/y/x.php',
    '/evil./x.php',
    '/a.PHP/x.php',
    '/.git/x.php',
    '/.php',
    '/.htaccess.php',
    '/..php/x.php',
    '/evil.jpg /x.php',
    '/evil.jpg:/x.php',
    '/evil.jpg::$DATA/x.php',
    '/evil /x.php',
  ]
  for (const path of paths) {
    const found = split(path)
    assert.ok(found === 'CGI_ERR_NOT_FOUND' || found === 'none', `${path}: ${found}`)
  }
})

void t.test('UP-3 the name of a script has no encoded slash', async () => {
  for (const segments of [['a/b.php'], ['a\\b', 'x.php'], ['uploads/evil.jpg/x.php']]) {
    assert.throws(() => splitPath(segments, ['.php']), { code: 'CGI_ERR_BAD_TARGET' })
  }
  assert.deepEqual(splitPath(['x.php', 'a/b'], ['.php']), { script: ['x.php'], rest: ['a/b'] })
})
