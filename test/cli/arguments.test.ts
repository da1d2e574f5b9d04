import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { send } from '../client.js'
import { Command, NO_HANG, serve } from './command.js'
import { createSite } from './site.js'

test('--help and --version print and exit with 0', NO_HANG, async (t) => {
  const help = await new Command(t, ['--help']).ended
  assert.equal(help.code, 0)
  assert.match(help.output, /^Usage: common-gateway \[folder\]/)
  for (const option of ['--port', '--host', '--help', '--version']) {
    assert.ok(help.output.includes(`  ${option}`), option)
  }
  assert.ok(help.output.split('\n').every((line) => line.length <= 80))
  assert.equal(help.errors, '')

  const version = await new Command(t, ['--version']).ended
  assert.equal(version.code, 0)
  assert.match(version.output, /^common-gateway \d+\.\d+\.\d+\n$/)
})

const BAD_ARGUMENTS: readonly (readonly [args: string[], ...named: string[]])[] = [
  [['--port', 'http'], '--port', `'http'`],
  [['--port', '65536'], '--port', `'65536'`],
  [['--port', '-1'], '--port', `'-1'`],
  [['--port', '80.5'], '--port', `'80.5'`],
  [['--port='], '--port', `''`],
  [['--port'], '--port needs a value'],
  [['--host', ''], '--host', `''`],
  [['--help=please'], '--help', `'please'`],
  [['--prot', '80'], `'--prot'`],
  [['--constructor'], `'--constructor'`],
  [['-p', '80'], `'-p'`],
  [['one', 'two'], `'one', 'two'`],
  [[''], 'folder', `''`],
]

test('bad arguments are named, with their value, and the exit code is 2', NO_HANG, async (t) => {
  for (const [args, ...named] of BAD_ARGUMENTS) {
    const { code, output, errors } = await new Command(t, args).ended
    assert.equal(code, 2, args.join(' '))
    assert.equal(output, '')
    assert.match(errors, /^common-gateway: [^\n]+\n$/)
    for (const name of named) assert.ok(errors.includes(name), `${name} is in ${errors}`)
  }
})

test('what cannot be served is named, and the exit code is 1', NO_HANG, async (t) => {
  const folder = createSite(t, { 'file.txt': 'text', 'cgi-bin/script.sh': '' })
  const cases: [args: string[], named: RegExp][] = [
    [['no/such/folder'], /'no\/such\/folder'/],
    [[path.join(folder, 'file.txt')], /file\.txt'/],
    [[path.join(folder, 'cgi-bin')], /folder of scripts/],
    [[folder, '--port', '0', '--host', '192.0.2.1'], /192\.0\.2\.1: this machine does not have/],
    [['no\u001b[2Jfolder'], /no\\u\{1b\}\[2Jfolder/],
  ]
  for (const [args, named] of cases) {
    const { code, output, errors } = await new Command(t, args).ended
    assert.equal(code, 1, args.join(' '))
    assert.equal(output, '')
    assert.match(errors, /^common-gateway: [^\n]+\n$/)
    assert.match(errors, named)
  }
})

test('a port in use is named, and the exit code is 1', NO_HANG, async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  t.after(() => other.close())
  await once(other, 'listening')
  // A server that listens on a port has an address of this kind.
  const port = String((other.address() as AddressInfo).port)
  const folder = createSite(t, { 'cgi-bin/script.sh': '' })
  const { code, errors } = await new Command(t, [folder, '--port', port]).ended
  assert.equal(code, 1)
  assert.match(errors, /^common-gateway: [^\n]+\n$/)
  assert.ok(errors.includes(`port ${port} of 127.0.0.1`), errors)
})

test('it serves the current folder when none is given', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': '<p>here' })
  const command = new Command(t, ['--port', '0'], folder)
  const line = await command.outputs(/ serves /)
  assert.ok(line.endsWith(` serves ${folder} (there is no cgi-bin in it)`), line)
  const port = Number(/:(\d+)\/ /.exec(line)?.[1])
  assert.equal((await send(port, '/')).text, '<p>here')
})

test('--host takes names with more than one address', NO_HANG, async (t) => {
  const folder = createSite(t, { 'index.html': '<p>here' })
  const command = await serve(t, folder, '--host', 'localhost')
  assert.equal(command.url, `http://localhost:${command.port}/`)
  const response = await fetch(command.url)
  assert.equal(await response.text(), '<p>here')
  await command.outputs(/ GET \/ 200 /)
  command.signal('SIGTERM')
  assert.equal((await command.ended).code, 0)
})
