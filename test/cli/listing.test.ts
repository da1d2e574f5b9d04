import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

/** What a listing refers to, in its order. */
function linksOf(html: string): string[] {
  const list = /<ul>[^]*<\/ul>/.exec(html)?.[0] ?? ''
  return [...list.matchAll(/ href="([^"]*)"/g)].map(([, href = '']) => href)
}

const SCRIPT = '#!/bin/sh\nprintf "Content-Type: text/plain\\n\\nran"\n'
const OTHERS = { headers: ['X-Forwarded-For', '192.0.2.1'] }

void t.test('a folder without an index is listed, with what can be had', NO_HANG, async (t) => {
  const folder = createSite(t, {
    '10.txt': 'a'.repeat(12_345),
    '9.txt': 'nine',
    '.hidden': 'hidden',
    'docs/index.html': 'index',
    'a <b>&amp; "c".txt': 'odd',
    '100%: ü?#.txt': 'odd, too',
    'to\u202etxt.exe': 'turned around',
    'back\\slash.txt': 'no URL leads here',
    'cgi-bin/script.sh': SCRIPT,
  })
  mkdirSync(path.join(folder, 'empty'))
  symlinkSync('/etc', path.join(folder, 'outside'))
  symlinkSync('cgi-bin', path.join(folder, 'scripts'))
  const { port } = await serve(t, folder, '--script', `/tree=${folder}/cgi-bin/script.sh`)
  const answer = await send(port, '/')
  assert.deepEqual([answer.status, answer.all('content-type')], [200, ['text/html; charset=utf-8']])
  assert.match(answer.all('content-security-policy').join(), /^default-src 'none'; style-src 'sha/)
  const html = answer.bytes.toString('utf8')
  assert.deepEqual(linksOf(html).slice(0, 5), [
    './cgi-bin/',
    './docs/',
    './empty/',
    './9.txt',
    './10.txt',
  ])
  assert.equal(linksOf(html).length, 9)
  assert.ok(
    html.includes('>a &lt;b&gt;&amp;amp; &quot;c&quot;.txt</a><span class="fact">3 B<'),
    html,
  )
  assert.ok(html.includes(String.raw`>to\u{202e}txt.exe</a>`))
  assert.ok(html.includes('>10.txt</a><span class="fact">12 kB<'))
  // Each leads somewhere, whatever is in its name.
  for (const link of linksOf(html)) {
    const { status } = await send(port, link.slice(1))
    assert.equal(status, 200, link)
  }
  const head = await send(port, '/', { method: 'HEAD' })
  assert.deepEqual([head.status, head.text], [200, ''])
  assert.match((await send(port, '/empty/')).text, /This folder is empty\./)
  assert.deepEqual((await send(port, '/empty?a=b')).all('location'), ['/empty/?a=b'])
  assert.equal((await send(port, '/none/')).status, 404)
  for (const secret of ['.hidden', '>scripts']) assert.ok(!html.includes(secret), secret)
  assert.match(
    html,
    /<span>outside<\/span>.+not served.+a link to \/etc, .+--link-root \/etc allows/,
  )

  // Other machines see no folders of scripts; they do see folders of files.
  const theirs = (await send(port, '/', OTHERS)).text
  assert.deepEqual(linksOf(theirs).slice(0, 2), ['./docs/', './empty/'])
  assert.doesNotMatch(theirs, /cgi-bin|tree|outside/)
})

void t.test('a folder of scripts is listed for those on this machine', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'cgi-bin/script.sh': SCRIPT,
    'cgi-bin/deep/other.sh': SCRIPT,
    'cgi-bin/plain': 'text',
    'page.html': 'page',
  })
  chmodSync(path.join(folder, 'cgi-bin/plain'), 0o644)
  // The gateway follows links within, and no other.
  symlinkSync('deep', path.join(folder, 'cgi-bin/link'))
  symlinkSync('/etc', path.join(folder, 'cgi-bin/etc'))
  symlinkSync('../page.html', path.join(folder, 'cgi-bin/page.html'))
  const { port } = await serve(t, folder)
  assert.deepEqual((await send(port, '/cgi-bin')).all('location'), ['/cgi-bin/'])
  const { text } = await send(port, '/cgi-bin/')
  assert.deepEqual(linksOf(text), ['./deep/', './link/', './script.sh'])
  assert.equal((await send(port, '/cgi-bin/etc/')).status, 404)
  assert.deepEqual(linksOf((await send(port, '/cgi-bin/link/')).text), ['./other.sh'])
  assert.match(text, /plain<\/span><span class="fact">data</)
  assert.match(text, /<h1><a href="\/">All files<\/a> \/ cgi-bin<\/h1>/)
  const deep = (await send(port, '/cgi-bin/deep/')).text
  assert.match(deep, /<a href="\/cgi-bin\/">cgi-bin<\/a> \/ deep<\/h1>/)
  assert.deepEqual(linksOf(deep), ['./other.sh'])
  for (const url of ['/cgi-bin', '/cgi-bin/', '/cgi-bin/deep/']) {
    assert.equal((await send(port, url, OTHERS)).status, 404, url)
  }
})

void t.test('a list of very many files does not delay other requests', NO_HANG, async (t) => {
  const names = Array.from({ length: 2_500 }, (_, index) => [`${index}.txt`, ''] as const)
  const { port } = await serve(t, createSite(t, Object.fromEntries(names)))
  let isListed = false
  const lists = Array.from({ length: 6 }, () => send(port, '/'))
  const listed = Promise.all(lists).then(([list]) => {
    isListed = true
    return list
  })
  for (let count = 0; count < 3; count += 1) {
    assert.equal((await send(port, '/1.txt')).status, 200)
    assert.ok(!isListed)
  }
  assert.equal(linksOf((await listed)?.text ?? '').length, 2_500)
})

void t.test('an empty folder says how to begin, and what it says works', NO_HANG, async (t) => {
  const folder = createSite(t, {})
  const { port } = await serve(t, folder)
  const { text } = await send(port, '/')
  assert.match(text, /<pre>mkdir cgi-bin\n/)
  assert.match(text, /<a href="\/cgi-bin\/hello\.sh">/)
  const lines = /<pre>([^<]+)<\/pre>/.exec(text)?.[1] ?? ''
  execFileSync('sh', ['-c', lines.replaceAll('&lt;', '<').replaceAll('&gt;', '>')], { cwd: folder })
  assert.equal((await send(port, '/cgi-bin/hello.sh')).text, 'Hello from /cgi-bin/hello.sh\n')
})
