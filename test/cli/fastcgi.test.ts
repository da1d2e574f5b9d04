import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { promisify } from 'node:util'
import t, { type Test } from 'tap'
import { type Call, ScriptedUpstream } from '../fastcgi/scripted-upstream.js'
import { send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { needs as needsProgram } from '../apps/programs.js'
import { needs } from './program.js'
import { refuse } from './refused-call.js'
import { serve, serveArguments } from './served-folder.js'
import { createSite } from './site.js'

const SECRET = 'source-of-a-script'
const CODE = `<?php // ${SECRET}`
const SITE = {
  'index.php': CODE,
  'style.css': 'body {}',
  'a.php~': CODE,
  'uploads/evil.jpg': `\x01${CODE}`,
  'sub/b.php': CODE,
  'cgi-bin/c.php': CODE,
  'cgi-bin/d.sh': "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nprogram'\n",
}

/** Says which script it was to run. */
function report(call: Call): void {
  const { SCRIPT_NAME = '', PATH_INFO = '-', SCRIPT_FILENAME = '-' } = call.variables
  void call.body().then((body) => {
    call.stderr('a message\n')
    call.answer(`${SCRIPT_NAME}|${PATH_INFO}|${path.basename(SCRIPT_FILENAME)}|${body.toString()}`)
  })
}

async function startUpstream(t: Test): Promise<string> {
  const upstream = await new ScriptedUpstream({ answer: report }, TCP, 'fastcgi').start()
  t.after(async () => {
    await upstream.stop()
    assert.deepEqual(upstream.faults, [])
  })
  return upstream.address
}

const TCP = { port: 0, host: '127.0.0.1' }

void t.test('UP-1 --fastcgi .php=ADDRESS runs .php in every folder', NO_HANG, async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const server = await serve(t, folder, '--fastcgi', `.php=${address}`)
  const { port } = server
  for (const [url, text] of [
    ['/', '/index.php|-|index.php|'],
    ['/sub/b.php/more?q', '/sub/b.php|/more|b.php|'],
    ['/cgi-bin/c.php', '/cgi-bin/c.php|-|c.php|'],
    ['/cgi-bin/d.sh', 'program'],
    ['/style.css', 'body {}'],
  ] as const) {
    assert.equal((await send(port, url)).text, text, url)
  }
  const body = 'the body'
  assert.match((await send(port, '/sub/b.php', { method: 'POST', body })).text, /\|the body$/)
  for (const url of ['/a.php~', '/uploads/evil.jpg/x.php', '/missing.php']) {
    const answer = await send(port, url)
    assert.deepEqual([answer.status, answer.text.includes(SECRET)], [404, false], url)
  }
  assert.match(await server.outputs(/sub\/b\.php/), /sub\/b\.php\[127\.0\.0\.1:\d+\]/)
})

void t.test('UP-1 --fastcgi /URL=ADDRESS is all below the URL', NO_HANG, async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const flags = ['--env', 'A=b', '--cwd', '.', '--max-processes', '2', '--timeout', '9s']
  const server = await serve(t, folder, '--fastcgi', `/app=${address}`, ...flags)
  assert.match(server.output, new RegExp(`Program +/app is answered by ${address}`))
  assert.equal((await send(server.port, '/app')).text, '/app|-|-|')
  assert.equal((await send(server.port, '/app/x/y.php')).text, '/app|/x/y.php|-|')
  assert.match(await server.outputs(/GET +\/app\/x/), new RegExp(address))
  assert.equal((await send(server.port, '/cgi-bin/d.sh')).text, 'program')
})

void t.test('MAP-8 --fallback answers for what names no file', NO_HANG, async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const icons = createSite(t, { 'one.txt': 'icon' })
  const flags = ['--fallback', 'index.php', '--files', `/icons=${icons}`]
  const { port } = await serve(t, folder, '--fastcgi', `.php=${address}`, ...flags)
  const front = '/index.php|-|index.php|'
  for (const [url, status, text] of [
    ['/', 200, front],
    ['/pretty/url?q=1', 200, front],
    ['/uploads/evil.jpg/x.php', 200, front],
    ['/sub/', 200, front],
    ['/sub/b.php', 200, '/sub/b.php|-|b.php|'],
    ['/style.css', 200, 'body {}'],
    ['/icons/one.txt', 200, 'icon'],
    ['/icons/two.txt', 404, undefined],
    ['/cgi-bin/none.php', 404, undefined],
    ['/.well-known/none', 404, undefined],
    ['/a.php~', 404, undefined],
  ] as const) {
    const answer = await send(port, url)
    assert.equal(answer.status, status, url)
    if (text !== undefined) assert.equal(answer.text, text, url)
  }
})

void t.test('MAP-8 --fallback alone runs scripts of its extension', NO_HANG, async (t) => {
  const folder = createSite(t, {
    'front.sh': '#!/bin/sh\necho Content-Type: text/plain; echo; echo "$SCRIPT_NAME"\n',
    'a.txt': 'a',
  })
  const { port } = await serve(t, folder, '--fallback', 'front.sh')
  assert.equal((await send(port, '/any/thing')).text, '/front.sh\n')
  assert.equal((await send(port, '/a.txt')).text, 'a')
})

void t.test('OPT-1 a file of settings names servers by options, too', NO_HANG, async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const settings = createSite(t, {})
  const file = path.join(settings, 'common-gateway.config.json')
  const fastcgi = {
    '.php': { address: ['./none.sock', address], root: '/srv/there', maxConnections: 1 },
    '/app': address,
  }
  writeFileSync(file, JSON.stringify({ fastcgi, fallback: 'index.php' }))
  const { port } = await serveArguments(t, [folder, '--port', '0', '--config', file])
  assert.equal((await send(port, '/any')).text, '/index.php|-|index.php|')
  assert.equal((await send(port, '/app/x')).text, '/app|/x|-|')
  const status = await send(port, '/.common-gateway/')
  assert.ok(status.text.includes(path.join(settings, 'none.sock')))
})

void t.test('UP-7 the status page shows the servers, and who answered', NO_HANG, async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const flags = [`.php=${address}`, `/gone=127.0.0.1:1`].flatMap((each) => ['--fastcgi', each])
  const { port } = await serve(t, folder, ...flags)
  await send(port, '/index.php')
  assert.equal((await send(port, '/gone/x')).status, 502)
  const { text } = await send(port, '/.common-gateway/')
  const rows = [...text.matchAll(/<tr class="(\w+)"><th scope="row">([^<]+)/g)]
  assert.deepEqual(
    rows.map(([, state, name]) => [name, state]),
    [
      [address, 'up'],
      ['127.0.0.1:1', 'down'],
    ],
  )
  assert.match(text, new RegExp(`<dt>Application server</dt><dd>${address}</dd>`))
  const without = await serve(t, folder)
  const plain = (await send(without.port, '/.common-gateway/')).text
  assert.equal(plain.includes('Application servers'), false)
})

/** The line for a terminal on the page of Inspect. */
function shellLineOf(page: string): string {
  const [, shown = ''] = /<pre id="shell-line"[^>]*>([^]*?)<\/pre>/.exec(page) ?? []
  return shown
    .replace(/<[^>]*>/g, '')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

void t.test('UP-1 Inspect shows a line for cgi-fcgi', needsProgram('cgi-fcgi'), async (t) => {
  const address = await startUpstream(t)
  const folder = createSite(t, SITE)
  const flags = ['--fastcgi', `.php=${address}`, '--fastcgi', `/app=${address}`]
  const { port } = await serve(t, folder, ...flags)
  for (const [url, answer] of [
    ['/sub/b.php/more', '/sub/b.php|/more|b.php|'],
    ['/app/x', '/app|/x|-|'],
  ] as const) {
    const page = await send(port, `/.common-gateway/inspect?url=${encodeURIComponent(url)}`)
    const line = shellLineOf(page.text)
    assert.match(line, new RegExp(`cgi-fcgi -bind -connect ${address} < /dev/null`))
    assert.match(page.text, new RegExp(`<dt>Application server</dt><dd><code>${address}<`))
    const { stdout } = await promisify(execFile)('sh', ['-c', line], { timeout: 20_000 })
    assert.ok(stdout.endsWith(answer), stdout)
  }
})

/** The variables on the page of Inspect. */
function variablesOf(page: string): ReadonlyMap<string, string> {
  const rows = page.matchAll(/<tr><th scope="row">(\w+)<\/th><td>([^<]*)<\/td><\/tr>/g)
  return new Map([...rows].map(([, name = '', value = '']) => [name, value]))
}

void t.test(
  'UP-3 paths are those of `root` there, and Inspect shows what the application gets',
  NO_HANG,
  async (t) => {
    const settings = createSite(t, {})
    const file = path.join(settings, 'common-gateway.config.json')
    const socket = { path: path.join(settings, 'app.sock') }
    const upstream = await new ScriptedUpstream({ answer: report }, socket).start()
    t.after(() => upstream.stop())
    const address = 'unix:./app.sock'
    const root = '/srv/there'
    const fastcgi = {
      '.php': { address, root },
      '/split': { address: './app.sock', root, split: '.php' },
      '/app': address,
    }
    writeFileSync(file, JSON.stringify({ fastcgi }))
    const folder = createSite(t, SITE)
    const { port } = await serveArguments(t, [folder, '--port', '0', '--config', file])
    for (const [url, script, pathTranslated] of [
      ['/index.php', `${root}/index.php`, undefined],
      ['/sub/b.php/more', `${root}/sub/b.php`, `${root}/more`],
      ['/cgi-bin/c.php/more', `${root}/cgi-bin/c.php`, `${root}/more`],
      ['/split/a/b.php/more', `${root}/a/b.php`, `${root}/more`],
      ['/app/x', undefined, undefined],
    ] as const) {
      assert.equal((await send(port, url)).status, 200, url)
      const variables = upstream.calls.at(-1)?.variables ?? {}
      assert.equal(variables['SCRIPT_FILENAME'], script)
      assert.equal(variables['DOCUMENT_ROOT'], script && root, url)
      assert.equal(variables['PATH_TRANSLATED'], pathTranslated)
      const page = await send(port, `/.common-gateway/inspect?url=${encodeURIComponent(url)}`)
      const shown = variablesOf(page.text)
      for (const name of ['SCRIPT_FILENAME', 'DOCUMENT_ROOT', 'PATH_TRANSLATED', 'SCRIPT_NAME']) {
        assert.equal(shown.get(name), variables[name], `${name} of ${url}`)
      }
    }
  },
)

void t.test('UP-8 .php runs in processes of php-cgi that stay', needs('php-cgi'), async (t) => {
  const folder = createSite(t, {
    'pid.php': '<?php echo getmypid(), " ", $_SERVER["A"], " ", getenv("HOME") ?: "none";',
    'killed.php': '<?php error_log("last words"); flush(); posix_kill(getmypid(), 9); sleep(9);',
  })
  const { port } = await serve(t, folder, '--scripts', '.php', '--env', 'A=b')
  const [pid, ...rest] = (await send(port, '/pid.php')).text.split(' ')
  assert.deepEqual(rest, ['b', 'none'])
  assert.equal((await send(port, '/pid.php')).text, `${pid} b none`)
  const status = (await send(port, '/.common-gateway/')).text
  const [, name = '', shown] =
    /<th scope="row">(php-cgi \d+)<\/th><td[^>]*>(\d+)</.exec(status) ?? []
  assert.equal(shown, pid)
  const failure = await send(port, '/killed.php', { headers: ['Accept', 'text/plain'] })
  assert.equal(failure.status, 502)
  assert.match(failure.text, new RegExp(`^Application server: +${name}$`, 'm'))
  assert.match(failure.text, new RegExp(`^Process ID: +${pid}$`, 'm'))
  assert.match(failure.text, /^Signal: +SIGKILL \(9\)$/m)
  assert.match(failure.text, /last words/)
  assert.notEqual((await send(port, '/pid.php')).text, `${pid} b none`)
  const page = await send(port, '/.common-gateway/inspect?url=/pid.php')
  const { stdout } = await promisify(execFile)('sh', ['-c', shellLineOf(page.text)])
  assert.match(stdout, /\d+ b none$/)
})

const REFUSED: readonly (readonly [args: string[], ...named: string[]])[] = [
  [['--fastcgi', 'php=php-cgi'], '--fastcgi must be .EXTENSION or /URL', `'php=php-cgi'`],
  [['--fastcgi', '.php'], '--fastcgi', `'.php'`],
  [['--fastcgi', '.php=no-such-program'], '--fastcgi .php=no-such-program', 'executable program'],
  [['--fastcgi', '.php=/usr/bin/nothing'], '--fastcgi .php=/usr/bin/nothing', 'unix: before the'],
  [['--fastcgi', '.php=127.0.0.1:99999'], '--fastcgi .php', 'host:port'],
  [['--fastcgi', '.x=a:1', '--interpreter', '.x=sh'], '.x is in both --fastcgi and --interpreter'],
  [['--fastcgi', '/a=a:1', '--script', '/a=/bin/sh'], 'have the URL /a'],
  [['--fastcgi', '.php=a:1', '--send', '.php'], '.php is in both --fastcgi or --fallback'],
  [['--fallback', '../a.php'], '--fallback must be', `'../a.php'`],
  [['--fallback', 'missing.php'], '--fallback must name a script', `'missing.php'`],
]

void t.test('OPT-1 what --fastcgi and --fallback must be', NO_HANG, async (t) => {
  const folder = createSite(t, SITE)
  for (const [args, ...named] of REFUSED) {
    const { message } = await refuse([folder, '--port', '0', ...args])
    for (const text of named) assert.ok(message.includes(text), `${args.join(' ')}: ${message}`)
  }
})
