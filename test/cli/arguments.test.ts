import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, mkdirSync } from 'node:fs'
import { createServer, type AddressInfo, type Server } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { send } from '../support/client.js'
import { Command, NO_HANG } from './command.js'
import { refuse } from './refused-call.js'
import { createSite } from './site.js'
import { openTerminal } from './terminal.js'
import { needs } from './program.js'
import { serve, serveArguments } from './served-folder.js'

const FLAGS = ['--port', '--bind', '--directory', '--cgi-dir', '--interpreter', '--script', '--env']
FLAGS.push('--cwd', '--user', '--max-processes', '--timeout', '--tls-cert', '--tls-key', '--log')
FLAGS.push('--scripts', '--index', '--files', '--link-root', '--send', '--auth', '--trust-proxy')
FLAGS.push(
  '--fastcgi',
  '--fallback',
  '--watch-errors',
  '--warm',
  '--no-status',
  '--config',
  '--print-config',
  '--version',
  '--help',
)

void t.test('--help and --version print and exit with 0', NO_HANG, async (t) => {
  const help = await new Command(t, ['--help']).ended
  assert.equal(help.code, 0)
  assert.match(help.output, /^Usage: common-gateway \[folder\]/)
  for (const flag of FLAGS) assert.ok(help.output.includes(flag), flag)
  const lines = help.output.trimEnd().split('\n')
  // A screen, with the line that the command was typed on and the prompt after it.
  assert.ok(lines.length <= 22, `${lines.length} lines`)
  for (const line of lines) assert.ok(line.length <= 80, line)
  assert.equal(help.errors, '')
  assert.deepEqual(await new Command(t, ['-h', '--port', '7']).ended, help)

  const version = await new Command(t, ['--version']).ended
  assert.equal(version.code, 0)
  assert.match(version.output, /^common-gateway \d+\.\d+\.\d+\n$/)
})

const BAD_ARGUMENTS: readonly (readonly [args: string[], ...named: string[]])[] = [
  [['--port', 'http'], '--port must be a whole number from 0 to 65535', `'http'`],
  [['--port', '65536'], '--port', `'65536'`],
  [['--port', '-1'], '--port', `'-1'`],
  [['--port', '80.5'], '--port', `'80.5'`],
  [['--port='], '--port', `''`],
  [['--port'], '--port needs a value'],
  [['-p', 'x'], '-p must be', `'x'`],
  [['99999'], 'the port must be', `'99999'`],
  [['--bind', ''], '--bind', `''`],
  [['--host', ''], '--host', `''`],
  [['--help=please'], '--help', `'please'`],
  [['--prot', '80'], `'--prot'`, 'did you mean --port?'],
  [['--interpeter', '.x=sh'], `'--interpeter'`, 'did you mean --interpreter?'],
  [['--scripts', 'cgi'], '--scripts must be extensions', `'cgi'`],
  [['--scripts', '.cgi,,.php'], '--scripts', `'.cgi,,.php'`],
  [['--send', '.'], '--send', `'.'`],
  [['--index', 'a/index.cgi'], '--index', `'a/index.cgi'`],
  [['--files', '/icons'], '--files must be /URL=FOLDER', `'/icons'`],
  [['--trust-proxy', '10.0.0.0/40'], '--trust-proxy', `'10.0.0.0/40'`],
  [['--trust-proxy', 'proxy.example'], '--trust-proxy', `'proxy.example'`],
  [['--auth', '/no/such'], '--auth', '/no/such cannot be read'],
  [['--constructor'], `'--constructor' (`],
  [['-x', '80'], `'-x'`],
  [['one', 'two'], `'one', 'two'`],
  [['one', '-d', 'two'], `'one', 'two'`],
  [[''], 'the folder', `''`],
  [['--cgi-dir', '../else'], '--cgi-dir', '/URL=FOLDER', `'../else'`],
  [['--cgi-dir', '/abs'], '--cgi-dir', `'/abs'`],
  [['--cgi-dir', '/a*=x'], '--cgi-dir', `'/a*=x'`],
  [['--cgi-dir', 'a', '--cgi-dir', './a/'], 'have the URL /a'],
  [['--scripts', '.cgi,.php', '--send', '.php'], '.php is in both --scripts'],
  [['--interpreter', 'py=python3'], '--interpreter', `'py=python3'`],
  [['--interpreter', '.py'], '--interpreter', `'.py'`],
  [['--interpreter', '.py='], '--interpreter', `'.py='`],
  [['--interpreter', '.py=no-such-program -u'], '--interpreter .py=no-such-program'],
  [['--script', 'git=/bin/sh'], '--script', `'git=/bin/sh'`],
  [['--script', '/git=/no/such'], '--script /git', `'/no/such'`],
  [['--script', '/.common-gateway/x=/bin/sh'], 'the status page', '--no-status'],
  [['--cgi-dir', '/.common-gateway=.'], 'the status page', '--no-status'],
  [['--env', '=x'], '--env', `'=x'`],
  [['--env', 'NO_SUCH_VARIABLE'], '--env', `'NO_SUCH_VARIABLE'`],
  [['--max-processes', '0'], '--max-processes', `'0'`],
  [['--timeout', '5 minutes'], '--timeout', 'a number alone is in seconds', `'5 minutes'`],
  [['--timeout', '25h', '--timeout', '600h'], '--timeout', '24 days', `'600h'`],
  [['--watch-errors', 'maybe'], '--watch-errors', `'on', 'off' or 'local'`, `'maybe'`],
  [['--log', 'xml'], '--log', `'xml'`],
  [['--tls-cert', 'a.pem'], '--tls-cert needs --tls-key'],
  [['--config', 'site.toml'], '--config'],
  [['8000', '8001'], 'one port', `'8000', '8001'`],
  [['.', '8000', '8001'], 'one port', `'8000', '8001'`],
  [['--cwd', '/no/such'], '--cwd must be', `'/no/such'`],
  [['--user', 'no-such-user'], '--user must be', `'no-such-user'`],
]

for (const [args, ...named] of BAD_ARGUMENTS) {
  void t.test(
    `bad arguments are named, with their value, and the exit code is 2: ${args.join(' ')}`,
    async (t) => {
      const { code, message } = await refuse(args, createSite(t, { 'site.toml': '' }))
      assert.equal(code, 2, message)
      for (const name of named) assert.ok(message.includes(name), `${name} is in ${message}`)
    },
  )
}

void t.test('a refusal is one line on standard error, and the exit code', NO_HANG, async (t) => {
  const folder = createSite(t, { 'site.toml': '' })
  const cases: [args: string[], code: number, message: RegExp][] = [
    // In the arguments, in what is read by them, and in the start of the server.
    [['--prot', '80'], 2, /'--prot'; did you mean --port\?/],
    [['--config', 'site.toml'], 2, /--config must be/],
    [['--cwd', '/no/such'], 2, /--cwd must be/],
    [['no\u001b[2Jfolder'], 1, /no\\u\{1b\}\[2Jfolder/],
  ]
  for (const [args, expected, message] of cases) {
    const { code, output, errors } = await new Command(t, args, folder).ended
    assert.deepEqual([code, output], [expected, ''], errors)
    assert.match(errors, /^common-gateway: [^\n]+\n$/)
    assert.match(errors, message)
  }
})

void t.test('what cannot be served is named, and the exit code is 1', NO_HANG, async (t) => {
  const folder = createSite(t, { 'file.txt': 'text', 'cgi-bin/script.sh': '' })
  const cases: [args: string[], named: RegExp][] = [
    [['no/such/folder'], /no\/such\/folder'/],
    [['-d', 'no/such/folder'], /no\/such\/folder'/],
    [[path.join(folder, 'file.txt')], /file\.txt' is a file: serve the folder it is in, '.+'/],
    [[path.join(folder, 'cgi-bin')], /folder of scripts/],
    [[folder, '--port', '0', '--bind', '192.0.2.1'], /192\.0\.2\.1: this machine does not have/],
    [['no\u001b[2Jfolder'], /no\\u\{1b\}\[2Jfolder/],
  ]
  for (const [args, named] of cases) {
    const { code, message } = await refuse(args)
    assert.equal(code, 1, args.join(' '))
    assert.match(message, named)
  }
})

/** Something else that listens; its port has another after it, which is free as far as one can know. */
async function occupy(t: Test, port = 0): Promise<number> {
  const other: Server = createServer().listen(port, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  // A server that listens on a port has an address of this kind.
  return (other.address() as AddressInfo).port
}

void t.test(
  'a port in use is named, with the next free one, and the exit code is 1',
  NO_HANG,
  async (t) => {
    const port = await occupy(t)
    const folder = createSite(t, { 'cgi-bin/script.sh': '' })
    for (const args of [['--port', String(port)], [String(port)]]) {
      const { code, message } = await refuse([folder, ...args])
      assert.equal(code, 1)
      const [, free] = /^.+ already in use; (\d+) is free \(--port \1\)$/.exec(message) ?? []
      assert.ok(message.includes(`port ${port} of 127.0.0.1`), message)
      assert.ok(Number(free) > port, message)
    }
  },
)

void t.test(
  'the default port in use: in a terminal the next one is taken, and a line says so',
  needs('python3'),
  async (t) => {
    const folder = createSite(t, { 'page.html': 'page' })
    // Whoever else has it is as good as we are.
    await occupy(t, 8000).catch(() => {})
    const piped = await new Command(t, [folder]).ended
    assert.equal(piped.code, 1)
    assert.match(piped.errors, /port 8000 of 127\.0\.0\.1: already in use; \d+ is free/)

    const terminal = openTerminal(t, [folder])
    await terminal.shows(/Port 8000 is in use, so this is \d+\./)
    const [, port = ''] = /127\.0\.0\.1:(\d+)\//.exec(terminal.screen) ?? []
    assert.ok(Number(port) > 8000)
    assert.equal((await send(Number(port), '/page.html')).text, 'page')
    const asked = openTerminal(t, [folder, '--port', '8000'])
    await asked.shows(/already in use; \d+ is free \(--port \d+\)/)
  },
)

void t.test('it serves the current folder when none is given', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': '<p>here' })
  const command = await serveArguments(t, ['--port', '0'], { cwd: folder })
  await command.outputs(/^ {2}Scripts {2}none yet/)
  assert.ok(command.output.includes(`\n  Folder   ${folder}\n`), command.output)
  assert.equal((await send(command.port, '/')).text, '<p>here')
})

void t.test(
  'folder and port can be given as Python took them, and in any order',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, { 'index.html': '<p>here' })
    for (const args of [
      ['0', folder],
      [folder, '0'],
      ['-d', folder, '0'],
      ['-p0', '-d', folder],
    ]) {
      const { port } = await serveArguments(t, args)
      assert.equal((await send(port, '/')).text, '<p>here', args.join(' '))
    }
  },
)

void t.test('--bind takes names with more than one address', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': '<p>here' })
  const command = await serve(t, folder, '--host', 'localhost')
  assert.equal(command.url, `http://localhost:${command.port}/`)
  const response = await fetch(command.url)
  assert.equal(await response.text(), '<p>here')
  await command.outputs(/ GET +\/ +200 /)
  assert.ok(!command.output.includes('anyone on the network'))
  await command.stop()
})

void t.test('a warning appears when it is open to the network', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': '<p>here' })
  const command = await serve(t, folder, '--bind', '0.0.0.0')
  await command.outputs(/Warning: anyone on the network can read these files and run these scripts/)
  assert.match(command.url, /^http:\/\/127\.0\.0\.1:/)
})

void t.test('what of the scripts can be run is counted, and the rest named', NO_HANG, async (t) => {
  const script = '#!/bin/sh\n'
  const files: Record<string, string> = { 'cgi-bin/a.cgi': script, 'cgi-bin/deep/b.cgi': script }
  for (let count = 1; count <= 7; count += 1) files[`cgi-bin/not-${count}.cgi`] = script
  const folder = createSite(t, { ...files, 'cgi-bin/plain.sh': 'true', 'cgi-bin/.hidden': '' })
  for (let count = 1; count <= 7; count += 1) {
    chmodSync(path.join(folder, `cgi-bin/not-${count}.cgi`), 0o644)
  }
  chmodSync(path.join(folder, 'cgi-bin/plain.sh'), 0o644)
  mkdirSync(path.join(folder, 'htbin'))
  const args = ['0', '--cgi-dir', 'cgi-bin', '--cgi-dir', 'later', '--scripts', '.x', '--metrics']
  const command = await serveArguments(t, args, { cwd: folder })
  await command.outputs(/and 2 more$/)
  const { output } = command
  assert.match(output, /^ {2}Scripts {2}\/cgi-bin\/ has 3 scripts$/m)
  assert.match(output, /^ {2}Scripts {2}\/later\/ does not exist yet$/m)
  assert.match(output, /^ {2}Scripts {2}\.x files in every folder$/m)
  assert.match(output, /^ {2}Metrics {2}http:.+\/\.common-gateway\/metrics$/m)
  assert.match(output, /^ {4}cgi-bin\/not-1\.cgi: not executable: chmod \+x cgi-bin\/not-1\.cgi$/m)
  assert.doesNotMatch(output, /htbin|not-6|hidden/)
})
