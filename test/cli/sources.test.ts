import assert from 'node:assert/strict'
import {
  chmodSync,
  copyFileSync,
  linkSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Agent } from 'node:http'
import { Agent as SecureAgent } from 'node:https'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

const SECRET = 'source-of-a-script'
const SCRIPT = `#!/bin/sh
# ${SECRET}
printf 'Content-Type: text/plain\\n\\n%s|%s' "$SCRIPT_NAME" "$PATH_INFO"
`
const TEXT = `${SECRET}\n`
const HTML = ['Accept', 'text/html']
const OTHERS = [...HTML, 'X-Forwarded-For', '192.0.2.1']

/** What is never sent, wherever it lies. */
const SOURCES: Readonly<Record<string, string>> = {
  'b.cgi': SCRIPT,
  'x.fcgi': TEXT,
  'config.php': `<?php $password = "${SECRET}";`,
  'old.php5': TEXT,
  't.phtml': TEXT,
  'UP.PHP': TEXT,
  'a/index.php': TEXT,
  'a/index.cgi': SCRIPT,
  'page.pl': TEXT,
  'page.py': TEXT,
  'page.rb': TEXT,
  'page.sh': TEXT,
  'page.asp': TEXT,
  'page.jsp': TEXT,
  'page.odd': TEXT,
  'config.php~': TEXT,
  'config.php.bak': TEXT,
  'config.php.orig': TEXT,
  'config.php.swp': TEXT,
  'config.php.save': TEXT,
  'config.php.old': TEXT,
  '#config.php#': TEXT,
  'run.cgi.bak': TEXT,
  'page.odd~': TEXT,
  'bin/deploy': SCRIPT,
  'task.txt': SCRIPT,
  'template.inc.html': `<?php echo "${SECRET}";`,
}
const FILES = {
  'page.html': '<p>page',
  'notes.txt': 'notes',
  'code.js': 'void 0',
  'archive.tar.gz': 'gz',
  'picture.svg': '<?xml version="1.0"?><svg/>',
  'data.cgim': 'data',
}
const EXECUTABLE = ['b.cgi', 'a/index.cgi', 'bin/deploy', 'task.txt']

const encode = (name: string): string => `/${name.split('/').map(encodeURIComponent).join('/')}`

void t.test(
  'MAP-4 what could be the source of a script is 403 outside of cgi-bin',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { ...SOURCES, ...FILES, 'cgi-bin/run.sh': SCRIPT })
    for (const name of EXECUTABLE) chmodSync(path.join(folder, name), 0o755)
    // A compiled program without an extension in its name.
    copyFileSync('/bin/true', path.join(folder, 'wrapper'))
    chmodSync(path.join(folder, 'wrapper'), 0o4755)
    symlinkSync('config.php', path.join(folder, 'link.txt'))
    linkSync(path.join(folder, 'bin/deploy'), path.join(folder, 'hard.txt'))
    const command = await serve(t, folder, '--interpreter', '.odd=sh')
    const { port } = command
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    for (const name of [...Object.keys(SOURCES), 'wrapper', 'link.txt', 'hard.txt']) {
      const url = encode(name)
      const page = await send(port, url, { headers: HTML })
      assert.equal(page.status, 403, url)
      assert.match(page.text, /outside the folders of scripts/, url)
      assert.match(page.text, /You see this because you are at the machine/, url)
      const spellings = [url, url.toUpperCase(), `/${url}`, `/.${url}`, `${url}/`, `${url}/more`]
      spellings.push(`/a/..${url}`, `${url}%20`, `${url}.`, `${url}%00`, url.replace('.', '%2e'))
      for (const spelling of spellings) {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const answer = await send(port, spelling, { method, headers: OTHERS, agent })
          assert.ok([400, 403, 404, 405].includes(answer.status), `${spelling} ${answer.status}`)
          assert.match(answer.text, /^(?:\d{3} [A-Za-z ]+\n)?$/, spelling)
        }
      }
    }
    for (const [name, text] of Object.entries(FILES)) {
      assert.equal((await send(port, encode(name))).text, text, name)
    }
    const { text } = await send(port, '/config.php', { headers: HTML })
    assert.match(text.replace(/<\/?code>/g, ''), /--scripts \.php runs/)
    assert.match(
      command.output,
      /scripts outside .+ are neither run nor sent: --scripts \.PHP,\.asp,/,
    )

    const listing = await send(port, '/', { headers: HTML })
    assert.match(listing.text, /b\.cgi<\/span><span class="fact"><span class="failure">not served</)
    const listed = (await send(port, '/', { headers: OTHERS })).text
    const links = [...listed.matchAll(/ href="\.\/([^"]+)"/g)].map(([, href]) => href)
    assert.deepEqual(links, ['a/', 'bin/', ...Object.keys(FILES).toSorted()])
  },
)

void t.test(
  'files of passwords, keys and settings are not sent, nor copies of them',
  NO_HANG,
  async (t) => {
    const login = 'ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='
    const key = readFileSync(new URL('../../fixtures/tls/key.pem', import.meta.url), 'utf8')
    const secrets: Readonly<Record<string, string>> = {
      'users.txt': `${login}\n# ${SECRET}\n`,
      'sub/key.pem': `${key}\n# ${SECRET}\n`,
      'common-gateway.config.json': JSON.stringify({ env: { A: SECRET } }),
      'common-gateway.config.js': `// ${SECRET}`,
      'sub/common-gateway.config.json': `{"${SECRET}": 1}`,
      'named.json': JSON.stringify({ env: { A: SECRET } }),
    }
    const folder = createSite(t, { ...secrets, 'users.html': 'page' })
    const names = Object.keys(secrets)
    for (const name of Object.keys(secrets)) {
      const { dir, base } = path.parse(name)
      const copies = [`${base}~`, `${base}.bak`, `${base}.orig.swp`, `${base}.1`, `#${base}#`]
      for (const copy of copies.map((each) => path.join(dir, each))) {
        writeFileSync(path.join(folder, copy), secrets[name] ?? '')
        names.push(copy)
      }
    }
    const other = createSite(t, { 'common-gateway.config.json': SECRET, 'page.html': 'page' })
    symlinkSync('users.txt', path.join(folder, 'link.html'))
    symlinkSync(folder, path.join(other, 'up'))
    symlinkSync('sub', path.join(folder, 'link'))
    names.push('link.html', 'link/key.pem', 'other/common-gateway.config.json')
    names.push('other/up/users.txt', 'other/up/users.txt~', 'other/up/sub/key.pem')
    const certificate = fileURLToPath(
      new URL('../../fixtures/tls/certificate.pem', import.meta.url),
    )
    const at = (name: string): string => path.join(folder, name)
    const tls = ['--tls-key', at('sub/key.pem'), '--tls-cert', certificate]
    const config = ['--config', at('named.json'), '--auth', at('users.txt')]
    const command = await serve(t, folder, ...tls, ...config, '--files', `/other=${other}`)
    const peer = { port: command.port, scheme: 'https', httpVersion: 1 } as const
    const authorization = ['Authorization', `Basic ${Buffer.from('ann:secret').toString('base64')}`]
    const headers = [...HTML, ...authorization]
    const agent = new SecureAgent({ keepAlive: true })
    t.after(() => agent.destroy())
    for (const name of names) {
      const url = encode(name)
      const spellings = [url, `/${url}`, `/.${url}`, `${url}/`, `${url}?a`, `${url}%20`, `${url}.`]
      spellings.push(`/sub/..${url}`, `/%2e${url}`, url.replaceAll('e', '%65'), url.toUpperCase())
      spellings.push(`/cgi-bin/..${url}`, `/.well-known/..${url}`, `/other/up${url}`)
      for (const spelling of spellings) {
        for (const method of ['GET', 'POST']) {
          const { status, text } = await send(peer, spelling, { method, headers, agent })
          assert.ok(status === 404 || status === 400, `${method} ${spelling} ${status}`)
          assert.ok(!text.includes(SECRET), spelling)
        }
      }
    }
    assert.equal((await send(peer, '/users.html', { headers: authorization })).text, 'page')
    const lists: [url: string, names: string[]][] = [
      ['/', ['link/', 'other/', 'sub/', 'users.html']],
      ['/sub/', []],
      ['/other/', ['up/', 'page.html']],
      ['/other/up/', ['link/', 'sub/', 'users.html']],
    ]
    for (const [url, expected] of lists) {
      const { text } = await send(peer, url, { headers })
      const listed = [...text.matchAll(/<li><(?:a[^>]*|span)>([^<]+)</g)].map(([, name]) => name)
      assert.deepEqual(listed, expected, url)
    }
  },
)

void t.test('scripts of installed packages are not reported as stray', NO_HANG, async (t) => {
  const packages = {
    'node_modules/a/install.sh': '#!/bin/sh\n',
    'b/node_modules/c/d.py': 'print()',
  }
  const none = await serve(t, createSite(t, packages))
  const one = await serve(t, createSite(t, { ...packages, 'b/own.sh': '#!/bin/sh\n' }))
  assert.doesNotMatch(none.output, /outside the folders of scripts/)
  assert.match(one.output, /1 script outside the folders of scripts is neither run nor sent/)
  assert.equal((await send(one.port, '/node_modules/a/install.sh')).status, 403)
})

void t.test('--send sends what looks like a script as a file', NO_HANG, async (t) => {
  const folder = createSite(t, { 'install.sh': '#!/bin/sh\n', 'a.py': 'print()', 'a.php': TEXT })
  const { port } = await serve(t, folder, '--send', '.sh,.py')
  assert.equal((await send(port, '/install.sh')).text, '#!/bin/sh\n')
  assert.equal((await send(port, '/a.py')).text, 'print()')
  assert.equal((await send(port, '/a.php')).status, 403)
})

void t.test('--scripts runs scripts wherever they lie, beside the files', NO_HANG, async (t) => {
  const folder = createSite(t, {
    ...SOURCES,
    ...FILES,
    'config.php': SCRIPT,
    'a/index.php': SCRIPT,
    'both/index.html': '<p>index',
    'both/index.php': SCRIPT,
    'plain.cgi': SCRIPT,
    '.well-known/token': 'token',
    '.hidden/run.php': SCRIPT,
    'cgi-bin/run': SCRIPT,
  })
  for (const name of EXECUTABLE) chmodSync(path.join(folder, name), 0o755)
  const command = await serve(t, folder, '--scripts', '.cgi,.php', '--interpreter', '.php=sh')
  const { port } = command
  const runs: [url: string, text: string][] = [
    ['/b.cgi', '/b.cgi|'],
    ['/b.cgi/x//y?a=b', '/b.cgi|/x//y'],
    ['/%62.cgi', '/b.cgi|'],
    ['/config.php', '/config.php|'],
    ['/a/', '/a/index.cgi|'],
    ['/a/index.php/more', '/a/index.php|/more'],
    ['/cgi-bin/run', '/cgi-bin/run|'],
  ]
  for (const [url, text] of runs) assert.equal((await send(port, url)).text, text, url)
  assert.deepEqual((await send(port, '/a?b=c')).all('location'), ['/a/?b=c'])
  assert.equal((await send(port, '/both/')).text, '<p>index')
  assert.equal((await send(port, '/.well-known/token')).text, 'token')
  for (const [name, text] of Object.entries(FILES)) {
    assert.equal((await send(port, encode(name))).text, text, name)
  }
  const refused = Object.keys(SOURCES).filter((name) => !/\.(?:cgi|php|odd~?)$/.test(name))
  for (const name of [...refused, '.hidden/run.php', 'PAGE.html', 'nothing', 'nothing.php']) {
    const { status, text } = await send(port, encode(name))
    assert.ok(status === 403 || status === 404, `${name} ${status}`)
    assert.ok(!text.includes(SECRET), name)
  }
  const plain = await send(port, '/plain.cgi', { headers: HTML })
  assert.equal(plain.status, 403)
  assert.match(plain.text, /chmod \+x/)
  assert.match((await send(port, '/', { headers: HTML })).text, /href="\.\/b\.cgi">b\.cgi/)
  assert.match((await send(port, '/.common-gateway/')).text, /Scripts have URLs below/)
  assert.equal((await send(port, '/notes.txt', { method: 'POST', body: 'a' })).status, 405)
})

void t.test('--index names scripts that answer for their folder', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'cgi-bin/shop/index.cgi': SCRIPT,
    'cgi-bin/shop/other.cgi': SCRIPT,
    'docs/start.html': 'start',
    'docs/index.html': 'index',
  })
  const { port } = await serve(t, folder, '--index', 'start.html,index.cgi')
  assert.equal((await send(port, '/cgi-bin/shop/')).text, '/cgi-bin/shop/index.cgi|')
  assert.equal((await send(port, '/cgi-bin/shop')).status, 308)
  assert.equal((await send(port, '/docs/')).text, 'start')
})

for (const name of ['.', '/=.']) {
  void t.test(
    `--cgi-dir ${name} makes a script of all that is in the folder`,
    NO_HANG,
    async (t) => {
      const folder = createSite(t, { 'run.cgi': SCRIPT, 'sub/run': SCRIPT, 'data.txt': SECRET })
      chmodSync(path.join(folder, 'run.cgi'), 0o755)
      chmodSync(path.join(folder, 'sub/run'), 0o755)
      const command = await serve(t, folder, '--cgi-dir', name === '.' ? '.' : `/=${folder}`)
      const { port } = command
      assert.match(command.output, /Scripts {2}\/ has 2 scripts/)
      assert.equal((await send(port, '/run.cgi/a')).text, '/run.cgi|/a')
      assert.equal((await send(port, '/sub/run')).text, '/sub/run|')
      for (const method of ['GET', 'POST']) {
        const data = await send(port, '/data.txt', { method, headers: OTHERS })
        assert.deepEqual([data.status, data.text], [403, '403 Forbidden\n'])
      }
      assert.equal((await send(port, '/', { headers: OTHERS })).status, 404)
      assert.match((await send(port, '/')).text, /run\.cgi/)
      assert.equal((await send(port, '/.common-gateway/')).status, 200)
    },
  )
}

void t.test('--files serves another folder at its URL, by the same rules', NO_HANG, async (t) => {
  const icons = createSite(t, {
    'a b.svg': '<svg/>',
    '.hidden': SECRET,
    'script.php': TEXT,
    'sub/index.html': 'sub',
    'cgi-bin/x': SCRIPT,
  })
  const folder = createSite(t, { 'icons/own.txt': 'shadowed', 'page.html': 'page' })
  symlinkSync('/etc/passwd', path.join(icons, 'out'))
  const { port } = await serve(t, folder, '--files', `/icons=${icons}`, '--files', `/a/b=${icons}`)
  for (const mount of ['/icons', '/a/b']) {
    const file = await send(port, `${mount}/a%20b.svg`)
    assert.deepEqual([file.text, file.all('content-type')], ['<svg/>', ['image/svg+xml']])
    assert.deepEqual((await send(port, mount)).all('location'), [`${mount}/`])
    assert.equal((await send(port, `${mount}/sub/`)).text, 'sub')
    const list = (await send(port, `${mount}/`, { headers: OTHERS })).text
    const links = [...list.matchAll(/ href="\.\/([^"]+)"/g)].map(([, href]) => href)
    assert.deepEqual(links, ['sub/', 'a%20b.svg'])
    for (const name of ['.hidden', 'script.php', 'cgi-bin/x', 'out', 'own.txt', '../page.html']) {
      const { status } = await send(port, `${mount}/${name}`)
      assert.ok(status >= 400, name)
    }
  }
  assert.equal((await send(port, '/iconsx')).status, 404)
  assert.match((await send(port, '/')).text, / href="\.\/icons\/"/)
})

void t.test('--link-root lets links lead into a folder; others are logged', NO_HANG, async (t) => {
  const outside = createSite(t, { 'prog.cgi': SCRIPT, 'file.txt': 'file' })
  chmodSync(path.join(outside, 'prog.cgi'), 0o755)
  const folder = createSite(t, { 'cgi-bin/own.cgi': SCRIPT })
  symlinkSync(path.join(outside, 'prog.cgi'), path.join(folder, 'cgi-bin/linked.cgi'))
  symlinkSync(outside, path.join(folder, 'out'))
  const advice = `--link-root ${outside} allows it`

  const strict = await serve(t, folder)
  assert.ok(strict.output.includes(`cgi-bin/linked.cgi: a link to ${outside}/prog.cgi: ${advice}`))
  for (const url of ['/', '/cgi-bin/']) {
    assert.ok((await send(strict.port, url)).text.includes(advice), url)
    assert.ok(!(await send(strict.port, url, { headers: OTHERS })).text.includes(outside), url)
  }
  for (const url of ['/cgi-bin/linked.cgi', '/out', '/out/', '/out/file.txt', '/out/prog.cgi']) {
    const { status, text } = await send(strict.port, url, { headers: OTHERS })
    assert.deepEqual([status, text], [404, '404 Not Found\n'], url)
  }
  const page = await send(strict.port, '/cgi-bin/linked.cgi', { headers: HTML })
  assert.match(page.text, /--link-root/)

  const open = await serve(t, folder, '--link-root', outside)
  assert.equal((await send(open.port, '/cgi-bin/linked.cgi')).text, '/cgi-bin/linked.cgi|')
  assert.equal((await send(open.port, '/out/file.txt')).text, 'file')
  assert.equal((await send(open.port, '/out/prog.cgi')).status, 403)
  assert.match(open.output, /\/cgi-bin\/ has 2 scripts/)
})
