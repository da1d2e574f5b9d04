import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { exchange, send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

const SECRET = 'source-of-a-script'
const SCRIPT = `#!/bin/sh
# ${SECRET}
printf 'Content-Type: text/plain\\n\\nran as %s' "$SCRIPT_NAME"
`

void t.test(
  'files are served with their types, and folders by their index.html',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'index.html': '<p>top',
      'notes/index.html': '<p>notes',
      'notes/Übersicht & mehr.txt': 'text',
      'empty/file.css': 'p {}',
    })
    const { port } = await serve(t, folder)
    const page = await send(port, '/')
    assert.deepEqual([page.status, page.text], [200, '<p>top'])
    assert.deepEqual(page.all('content-type'), ['text/html; charset=utf-8'])
    assert.equal((await send(port, '/notes/')).text, '<p>notes')
    assert.deepEqual((await send(port, '/notes?a=b')).all('location'), ['/notes/?a=b'])
    assert.equal((await send(port, '/notes/%C3%9Cbersicht%20%26%20mehr.txt')).text, 'text')
    assert.deepEqual((await send(port, '/empty/file.css')).all('content-type'), [
      'text/css; charset=utf-8',
    ])
    const head = await send(port, '/', { method: 'HEAD' })
    assert.deepEqual([head.status, head.all('content-length'), head.text], [200, ['6'], ''])
    for (const missing of ['/nothing', '/index.html/more', '/cgi-bin/', '/cgi-bin/x', '/%00']) {
      const answer = await send(port, missing)
      assert.deepEqual([answer.status, answer.text], [404, '404 Not Found\n'], missing)
    }
    const form = await send(port, '/nothing', {
      method: 'POST',
      headers: ['Content-Type', 'x/y'],
      body: 'a',
    })
    assert.equal(form.status, 404)
    for (const bad of ['/%zz', '/%ff', '/%']) {
      const answer = await send(port, bad)
      assert.ok(answer.status === 400 || answer.status === 404, `${bad}: ${answer.status}`)
    }
  },
)

/** Seven thousand requests. */
const LONG = { timeout: 300_000 }

void t.test('the source of a script is not sent, however the URL is spelled', LONG, async (t) => {
  const folder = createSite(t, {
    'index.html': 'page',
    'sub/page.html': 'page',
    'cgi-bin/script.sh': SCRIPT,
    'cgi-bin/index.html': SECRET,
    'cgi-bin/not-executable.txt': SECRET,
    'cgi-bin/deep/script.sh': SCRIPT,
    'cgi-bin/.hidden': SECRET,
  })
  const { port } = await serve(t, folder)
  assert.equal((await send(port, '/cgi-bin/script.sh')).text, 'ran as /cgi-bin/script.sh')
  const mounts = ['/cgi-bin', '//cgi-bin', '/./cgi-bin', '/.//cgi-bin', '/sub/../cgi-bin']
  mounts.push('/CGI-BIN', '/Cgi-Bin', '/%63gi-bin', '/cgi%2Dbin', '/cgi%2dbin', '/%2e/cgi-bin')
  mounts.push('/%2e%2e/cgi-bin', '/sub/%2e%2e/cgi-bin', '/%2fcgi-bin', '/cgi-bin/../cgi-bin')
  mounts.push(
    '/cgi-bin%20',
    '/cgi-bin.',
    '/cgi-bin::$INDEX_ALLOCATION',
    '/\\cgi-bin',
    '/%5ccgi-bin',
  )
  mounts.push('/cgi%252Dbin', '/%2563gi-bin', '/cgi-bin;x', '/cgi-bin%00', '/sub/..%2fcgi-bin')
  const separators = ['/', '//', '/./', '%2f', '%2F', '%5c', '\\', '/deep/', '/deep/../', '%252f']
  const names = [
    'script.sh',
    'script.sh/',
    'script.s%68',
    'script.sh%00',
    'script.sh.',
    'SCRIPT.SH',
  ]
  names.push('not-executable.txt', 'index.html', '.hidden', '')
  for (const method of ['GET', 'HEAD', 'POST']) {
    for (const mount of mounts) {
      for (const separator of separators) {
        const lines = names.map((name) => {
          return `${method} ${mount}${separator}${name} HTTP/1.1\r\nHost: a\r\n\r\n`
        })
        lines.push('GET /end HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
        const answers = await exchange(port, lines.join(''))
        assert.match(answers, /404 Not Found\n$/)
        assert.ok(!answers.includes(SECRET), `${method} ${mount}${separator}`)
      }
    }
  }
})

void t.test(
  'what a link leads to is sent only from within the folder and never from cgi-bin',
  NO_HANG,
  async (t) => {
    const outside = createSite(t, { 'outside.txt': SECRET, 'index.html': SECRET })
    const folder = createSite(t, { 'page.html': 'page', 'cgi-bin/script.sh': SCRIPT })
    const links: [name: string, target: string][] = [
      ['to-page.html', 'page.html'],
      ['to-script.txt', 'cgi-bin/script.sh'],
      ['to-scripts', 'cgi-bin'],
      ['to-itself', '.'],
      ['to-outside.txt', path.join(outside, 'outside.txt')],
      ['to-outside', outside],
      ['index.html', 'cgi-bin/script.sh'],
    ]
    for (const [name, target] of links) symlinkSync(target, path.join(folder, name))
    const { port } = await serve(t, folder)
    assert.equal((await send(port, '/to-page.html')).text, 'page')
    assert.equal((await send(port, '/to-itself/page.html')).text, 'page')
    const refused = ['/', '/to-script.txt', '/to-scripts/script.sh', '/to-scripts/']
    refused.push('/to-itself/cgi-bin/script.sh', '/to-outside.txt', '/to-outside/outside.txt')
    refused.push('/to-outside/', '/to-itself/')
    for (const url of refused) {
      const answer = await send(port, url)
      assert.deepEqual([answer.status, answer.text], [404, '404 Not Found\n'], url)
      assert.equal((await send(port, url, { method: 'HEAD' })).status, 404, url)
    }
  },
)

void t.test(
  'a cgi-bin that is itself a link works, and what it leads to is not sent',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { 'page.html': 'page', 'programs/script.sh': SCRIPT })
    const outside = createSite(t, { 'cgi-bin/script.sh': SCRIPT })
    symlinkSync(path.join(outside, 'cgi-bin'), path.join(folder, 'cgi-bin'))
    const { port } = await serve(t, folder)
    assert.equal((await send(port, '/cgi-bin/script.sh')).text, 'ran as /cgi-bin/script.sh')

    const inner = createSite(t, { 'programs/cgi-bin/script.sh': SCRIPT })
    symlinkSync('programs/cgi-bin', path.join(inner, 'cgi-bin'))
    const second = await serve(t, inner)
    assert.equal((await send(second.port, '/cgi-bin/script.sh')).text, 'ran as /cgi-bin/script.sh')
    assert.equal((await send(second.port, '/programs/cgi-bin/script.sh')).status, 404)
  },
)

void t.test('a cgi-bin that is made later is run, and not sent', NO_HANG, async (t) => {
  const folder = createSite(t, { 'page.html': 'page' })
  const { port } = await serve(t, folder)
  mkdirSync(path.join(folder, 'cgi-bin'))
  writeFileSync(path.join(folder, 'cgi-bin/script.sh'), SCRIPT)
  const file = path.join(folder, 'cgi-bin/script.sh')
  chmodSync(file, 0o755)
  assert.equal((await send(port, '/cgi-bin/script.sh')).text, 'ran as /cgi-bin/script.sh')
  rmSync(path.dirname(file), { recursive: true })
  assert.equal((await send(port, '/cgi-bin/script.sh')).status, 404)
})

void t.test('files that begin with a dot are not sent', NO_HANG, async (t) => {
  const folder = createSite(t, {
    '.env': SECRET,
    '.git/config': SECRET,
    'sub/.htpasswd': SECRET,
    'sub/page.html': 'page',
  })
  const { port } = await serve(t, folder)
  for (const url of ['/.env', '/.git/config', '/sub/.htpasswd', '/%2eenv', '/sub/%2Ehtpasswd']) {
    assert.equal((await send(port, url)).status, 404, url)
  }
})
