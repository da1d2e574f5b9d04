import assert from 'node:assert/strict'
import t, { type Test } from 'tap'
import { send } from '../support/client.js'
import { Command, NO_HANG, serveByCommand } from './command.js'
import { needs } from './program.js'
import { serveArguments, type Surroundings } from './served-folder.js'
import { createSite } from './site.js'
import { openTerminal } from './terminal.js'

const options = needs('python3')

const say = (header: string): string => `#!/bin/sh\nprintf '${header}\\n\\n'\n`

function createColourful(t: Test): string {
  return createSite(t, {
    'page.html': 'page',
    'cgi-bin/moved.sh': say('Status: 303 See Other\\nLocation: /page.html'),
    'cgi-bin/fails.sh': '#!/bin/sh\necho "it failed" >&2\nexit 1\n',
  })
}

const URLS = ['/page.html', '/cgi-bin/moved.sh', '/none', '/cgi-bin/fails.sh']
const LONG = `/page.html?${'long'.repeat(50)}`

/** What a terminal shows of one request of each kind, and of one that is too long for a line. */
async function show(t: Test, columns: number): Promise<string> {
  const terminal = openTerminal(t, ['0', createColourful(t)], { columns })
  await terminal.shows(/127\.0\.0\.1:\d+\/[^/]*\r\n[^]*\.common-gateway\/[^]*\r\n\r\n$/)
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(terminal.screen)?.[1])
  for (const url of [LONG, ...URLS]) await send(port, url)
  await terminal.shows(/exit code 1/)
  return terminal.screen.slice(terminal.screen.indexOf('Common'))
}

/** The same of an output that says that it is a terminal, in this process. */
async function showHere(t: Test, surroundings: Surroundings): Promise<string> {
  const command = await serveArguments(t, ['0', createColourful(t)], surroundings)
  for (const url of [LONG, ...URLS]) await send(command.port, url)
  await command.outputs(/exit code 1/)
  return command.output
}

// oxlint-disable-next-line no-control-regex -- they are what this is about
const CONTROL = /\u001b\[\d+m/g

void t.test('a terminal has colours, of which the status is one', options, async (t) => {
  const screen = await show(t, 80)
  for (const [status, colour] of Object.entries({ 200: 32, 303: 36, 404: 33, 502: 31 })) {
    assert.ok(screen.includes(`\u001b[${colour}m${status}\u001b[39m`), `${status} in ${screen}`)
  }
  assert.match(screen, /\r\n {4}it failed\r\n/)
})

for (const environment of [{ NO_COLOR: '1' }, { TERM: 'dumb' }, { FORCE_COLOR: '0' }]) {
  void t.test(`a terminal has none with ${JSON.stringify(environment)}`, NO_HANG, async (t) => {
    assert.doesNotMatch(await showHere(t, { columns: 80, environment }), CONTROL)
  })
}

void t.test('what is no terminal has none, unless they are asked for', options, async (t) => {
  const folder = createColourful(t)
  const plain = await serveByCommand(t, folder)
  await send(plain.port, '/none')
  await plain.outputs(/ 404 /)
  assert.doesNotMatch(plain.output, CONTROL)
  process.env['FORCE_COLOR'] = '1'
  t.after(() => delete process.env['FORCE_COLOR'])
  const coloured = new Command(t, [folder, '--port', '0'])
  assert.match(await coloured.outputs(/Address/), CONTROL)
})

const nameOf = (columns: number): string =>
  `a request is one line of a terminal with ${columns} columns`

function checkLines(screen: string, columns: number): void {
  const lines = screen
    .replaceAll(CONTROL, '')
    .split(/\r?\n/)
    .filter((line) => /^\d\d:\d\d:\d\d /.test(line))
  assert.equal(lines.length, URLS.length + 1)
  for (const line of lines) assert.ok(line.length <= columns, `${line.length}: ${line}`)
  assert.match(lines[0] ?? '', /longl?o?n?g?… +200 /)
}

void t.test(nameOf(70), options, async (t) => checkLines(await show(t, 70), 70))

for (const columns of [80, 140]) {
  void t.test(nameOf(columns), NO_HANG, async (t) => {
    const screen = await showHere(t, { columns })
    assert.match(screen, CONTROL)
    checkLines(screen, columns)
  })
}
