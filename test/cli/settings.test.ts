import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { chmodSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import { open, receive, send } from '../support/client.js'
import { readReport } from '../support/fixtures.js'
import { NO_HANG, serveByCommand } from './command.js'
import { refuse } from './refused-call.js'
import { createSite } from './site.js'
import { serve } from './served-folder.js'

const REPORT = readFileSync(
  fileURLToPath(new URL('../../fixtures/cgi-bin/report.cgi', import.meta.url)),
  'utf8',
)
const SECRET = 'source-of-a-script'
const SAY = (text: string): string => `#!/bin/sh
# ${SECRET}
printf 'Content-Type: text/plain\\n\\n${text}'
`
const CERTIFICATE = fileURLToPath(new URL('../../fixtures/tls/certificate.pem', import.meta.url))
const KEY = fileURLToPath(new URL('../../fixtures/tls/key.pem', import.meta.url))

void t.test('without --cgi-dir, the scripts of cgi-bin and htbin run', NO_HANG, async (t) => {
  const folder = createSite(t, { 'cgi-bin/a.sh': SAY('a'), 'htbin/deep/b.sh': SAY('b') })
  const { port } = await serve(t, folder)
  assert.equal((await send(port, '/cgi-bin/a.sh')).text, 'a')
  assert.equal((await send(port, '/htbin/deep/b.sh/more')).text, 'b')
})

void t.test(
  'scripts of every --cgi-dir run, and their source is never sent',
  NO_HANG,
  async (t) => {
    const elsewhere = createSite(t, { 'tool.sh': SAY('tool') })
    const folder = createSite(t, {
      'index.html': 'page',
      'scripts/a.sh': SAY('a'),
      'sub/deep/b.sh': SAY('b'),
      'cgi-bin/c.sh': SAY('c'),
      'project/cgi-bin/d.sh': SAY('d'),
    })
    for (const name of ['scripts/a.sh', 'sub/deep/b.sh']) chmodSync(path.join(folder, name), 0o755)
    chmodSync(path.join(elsewhere, 'tool.sh'), 0o755)
    const flags = ['scripts', './sub/deep/', `/else/where=${elsewhere}`]
    const { port } = await serve(t, folder, ...flags.flatMap((each) => ['--cgi-dir', each]))
    for (const [url, text] of [
      ['/scripts/a.sh', 'a'],
      ['/sub/deep/b.sh', 'b'],
      ['/else/where/tool.sh', 'tool'],
    ] as const) {
      assert.equal((await send(port, url)).text, text, url)
    }
    // A folder of scripts that is not served as one is no folder of files either.
    for (const url of ['/cgi-bin/c.sh', '/project/cgi-bin/d.sh', '/project/cgi-bin/']) {
      const answer = await send(port, url)
      assert.deepEqual([answer.status, answer.text.includes(SECRET)], [404, false], url)
    }
  },
)

void t.test(
  'scripts run by their #! line, by --interpreter, or by what their extension says',
  NO_HANG,
  async (t) => {
    const plain = (text: string): string => `printf 'Content-Type: text/plain\\n\\n${text}'`
    const folder = createSite(t, {
      'index.html': 'page',
      'cgi-bin/own.sh': `#!/usr/bin/env -S printf Content-Type:\\ttext/plain\\n\\nown\n`,
      'cgi-bin/plain.sh': plain('sh'),
      'cgi-bin/plain.js': `console.log('Content-Type: text/plain\\n\\njs')`,
      'cgi-bin/named.x': plain('x'),
      'cgi-bin/named.y': plain('y'),
    })
    for (const name of ['plain.sh', 'plain.js', 'named.x', 'named.y']) {
      chmodSync(path.join(folder, 'cgi-bin', name), 0o644)
    }
    const odd = path.join(folder, 'an odd sh')
    symlinkSync('/bin/sh', odd)
    const flags = ['--interpreter', '.x=sh -e', '--interpreter', `.y="${odd}" -c '. "$0"'`]
    const { port } = await serve(t, folder, ...flags)
    assert.match((await send(port, '/cgi-bin/own.sh')).text, /^own/)
    assert.equal((await send(port, '/cgi-bin/plain.sh')).text, 'sh')
    assert.equal((await send(port, '/cgi-bin/plain.js')).text, 'js\n')
    assert.equal((await send(port, '/cgi-bin/named.x')).text, 'x')
    assert.equal((await send(port, '/cgi-bin/named.y')).text, 'y')
  },
)

void t.test('--script answers for all that is below a URL', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': 'page', 'app/report.cgi': REPORT })
  const program = path.join(folder, 'app/report.cgi')
  chmodSync(program, 0o755)
  const { port } = await serve(t, folder, '--script', `/tree=${program}`)
  const { variables } = readReport((await send(port, '/tree/any/where?q')).text)
  assert.equal(variables.get('SCRIPT_NAME'), '/tree')
  assert.equal(variables.get('PATH_INFO'), '/any/where')
  assert.equal((await send(port, '/tree')).status, 200)
  // It lies in the folder, and every user may execute it.
  assert.equal((await send(port, '/app/report.cgi')).status, 404)
  assert.ok(!(await send(port, '/app/')).text.includes('report'))
})

void t.test('--env and --cwd are the scripts’', NO_HANG, async (t) => {
  const folder = createSite(t, { 'cgi-bin/report.cgi': REPORT, 'index.html': 'page' })
  process.env['OF_THE_HOST'] = 'passed on'
  t.after(() => delete process.env['OF_THE_HOST'])
  const env = ['--env', 'GREETING=a=b', '--env', 'OF_THE_HOST', '--env', 'EMPTY=']
  const { port } = await serve(t, folder, ...env, '--cwd', folder)
  const { variables, folder: cwd } = readReport((await send(port, '/cgi-bin/report.cgi')).text)
  assert.equal(variables.get('GREETING'), 'a=b')
  assert.equal(variables.get('OF_THE_HOST'), 'passed on')
  assert.equal(variables.get('EMPTY'), '')
  assert.equal(variables.get('HOME'), undefined)
  assert.equal(variables.get('DOCUMENT_ROOT'), folder)
  assert.equal(cwd, folder)
})

void t.test(
  '--max-processes is how many scripts run at once; the others wait',
  NO_HANG,
  async (t) => {
    const alone = `mkdir ../lock 2>/dev/null && sleep 0.2 && rmdir ../lock && echo alone`
    const folder = createSite(t, { 'cgi-bin/alone.sh': `${SAY('')}\n${alone}\n` })
    const { port } = await serve(t, folder, '--max-processes', '1')
    const answers = [1, 2, 3, 4].map(async () => (await send(port, '/cgi-bin/alone.sh')).text)
    assert.deepEqual(await Promise.all(answers), Array(4).fill('alone\n'))
  },
)

const AS_ROOT = {
  ...NO_HANG,
  skip: process.getuid?.() !== 0 && 'only root can run scripts as another',
}

void t.test('--user sets the user that scripts run as', AS_ROOT, async (t) => {
  const folder = createSite(t, { 'cgi-bin/who.sh': `${SAY('')}\nid -un\n` })
  chmodSync(folder, 0o755)
  const command = await serve(t, folder, '--user', 'nobody')
  assert.equal((await send(command.port, '/cgi-bin/who.sh')).text, 'nobody\n')
  assert.ok(!command.output.includes('run as root'), command.output)
  const other = await serve(t, folder)
  await other.outputs(/Warning: scripts run as root, as this command does; --user NAME/)
})

void t.test(
  '--timeout stops scripts that say nothing, before their header and after it',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'cgi-bin/silent.sh': '#!/bin/sh\nexec sleep 600\n',
      'cgi-bin/half.sh': `${SAY('half')}\nexec sleep 600\n`,
      'cgi-bin/slow.sh': `${SAY('')}\nfor i in 1 2 3 4 5; do echo $i; sleep 0.2; done\n`,
    })
    const command = await serve(t, folder, '--timeout', '600ms')
    assert.equal((await send(command.port, '/cgi-bin/silent.sh')).status, 504)
    await command.outputs(/error: The script did not respond in time: after 600 ms/)
    await assert.rejects(async () => receive(await open(command.port, '/cgi-bin/half.sh')))
    // What takes longer in all, but is never silent for so long.
    assert.equal((await send(command.port, '/cgi-bin/slow.sh')).text, '1\n2\n3\n4\n5\n')
  },
)

void t.test(
  '--tls-cert and --tls-key: HTTP/2, and HTTP/1.1 for those that know no other',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, {
      'page.html': 'page',
      'cgi-bin/report.cgi': REPORT,
      'cgi-bin/endless.sh': `${SAY('')}\necho one; exec sleep 600\n`,
    })
    const command = await serveByCommand(t, folder, '--tls-cert', CERTIFICATE, '--tls-key', KEY)
    const { port } = command
    assert.match(command.url, /^https:/)
    for (const httpVersion of [1, 2] as const) {
      const peer = { port, httpVersion, scheme: 'https' } as const
      assert.equal((await send(peer, '/page.html')).text, 'page')
      const answer = await send(peer, '/cgi-bin/report.cgi', { method: 'POST', body: 'body' })
      const { variables, input } = readReport(answer.text)
      assert.equal(variables.get('HTTPS'), 'on')
      assert.equal(variables.get('SERVER_PROTOCOL'), httpVersion === 2 ? 'HTTP/2.0' : 'HTTP/1.1')
      assert.equal(input.trimEnd(), 'body')
      await command.outputs(/ POST \/cgi-bin\/report\.cgi +200 .* [\d.]+ k?B$/)
    }
    const response = await open({ port, httpVersion: 2, scheme: 'https' }, '/cgi-bin/endless.sh')
    response.on('error', () => {}).resume()
    command.signal('SIGTERM')
    await command.reports(/^common-gateway: stopping/)
    response.destroy()
    assert.equal((await command.ended).code, 0)
  },
)

void t.test(
  'a certificate and a key that do not fit are refused, and say why',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { 'page.html': 'page', 'text.pem': 'text' })
    const other = path.join(folder, 'other.pem')
    const locked = path.join(folder, 'locked.pem')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    const pem = { type: 'pkcs8', format: 'pem' } as const
    writeFileSync(other, privateKey.export(pem))
    const lock = { cipher: 'aes-256-cbc', passphrase: 'secret' }
    writeFileSync(locked, privateKey.export({ ...pem, ...lock }))
    const text = path.join(folder, 'text.pem')
    const cases: [cert: string, key: string, named: RegExp][] = [
      [
        CERTIFICATE,
        other,
        /--tls-key must match --tls-cert: '.+other\.pem' is not the key of '.+'/,
      ],
      [CERTIFICATE, text, /--tls-key must be a private key in PEM, but got '.+text\.pem'/],
      [CERTIFICATE, locked, /--tls-key '.+locked\.pem' needs a passphrase.+: openssl pkey -in /],
      [text, KEY, /--tls-cert must be a certificate in PEM, but got '.+text\.pem'/],
      [path.join(folder, 'no.pem'), KEY, /--tls-cert must be a readable file/],
    ]
    for (const [cert, key, named] of cases) {
      const args = [folder, '-p', '0', '--tls-cert', cert, '--tls-key', key]
      const { code, message } = await refuse(args)
      assert.equal(code, 1, message)
      assert.match(message, named)
    }
  },
)

void t.test('the key is not sent though it lies in the folder', NO_HANG, async (t) => {
  const folder = createSite(t, { 'page.html': 'page' })
  const key = path.join(folder, 'key.pem')
  writeFileSync(key, readFileSync(KEY))
  const { port } = await serve(t, folder, '--tls-cert', CERTIFICATE, '--tls-key', key)
  const peer = { port, httpVersion: 1, scheme: 'https' } as const
  assert.equal((await send(peer, '/key.pem')).status, 404)
  assert.ok(!(await send(peer, '/')).text.includes('key.pem'))
})
