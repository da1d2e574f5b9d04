import { strict as assert } from 'node:assert'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t, { type Test } from 'tap'
import { browserCommands } from '@internal/cli/start/browser-commands.js'
import { until } from '../support/processes.js'
import { NO_HANG, serveByCommand } from './command.js'
import { createSite } from './site.js'

const URL = 'http://localhost:8000/'

void t.test('CMD-33 BROWSER is read as xdg-open reads it', async () => {
  for (const [given, ...expected] of [
    ['firefox', ['firefox', URL]],
    ['firefox --private-window', ['firefox', '--private-window', URL]],
    ['chromium --app=%s --incognito', ['chromium', `--app=${URL}`, '--incognito']],
    ['a %s %s', ['a', URL, URL]],
    ['first:second -x %s: :third', ['first', URL], ['second', '-x', URL], ['third', URL]],
    [`'/opt/my browser/run' "a b"`, ['/opt/my browser/run', 'a b', URL]],
    [`a --name='it is' b"c d"e`, ['a', '--name=it is', 'bc de', URL]],
    [`a ''`, ['a', '', URL]],
    // `&` is for programs that wait until the browser has ended; all are started in the background.
    ['a %s &', ['a', URL]],
    ['a & b', ['a', '&', 'b', URL]],
    // No shell reads them.
    ['a;b $HOME `id` >x', ['a;b', '$HOME', '`id`', '>x', URL]],
  ] as const) {
    assert.deepEqual(browserCommands(URL, given), expected, given)
  }
  // `$&` and its like in a replacement would be a part of the match.
  assert.deepEqual(browserCommands('http://a/$&', 'b %s'), [['b', 'http://a/$&']])
  const standard = [[process.platform === 'darwin' ? 'open' : 'xdg-open', URL]]
  for (const none of [undefined, '', ' ', ':', ' : ', '&']) {
    assert.deepEqual(browserCommands(URL, none), standard)
  }
})

/** Starts the command with a BROWSER; what it starts writes its arguments to a file. */
async function openBy(
  t: Test,
  browserOf: (program: string) => string,
): Promise<{
  readonly url: string
  readonly opened: () => string
}> {
  const folder = createSite(t, { 'index.html': '<p>page</p>' })
  const tools = path.join(folder, 'my tools')
  mkdirSync(tools)
  const program = path.join(tools, 'browser')
  const opened = path.join(tools, 'opened')
  writeFileSync(
    program,
    `#!/bin/sh\nprintf '%s\\n' "$@" > '${opened}.new' && mv '${opened}.new' '${opened}'\n`,
    {
      mode: 0o755,
    },
  )
  const before = process.env['BROWSER']
  process.env['BROWSER'] = browserOf(program)
  t.after(() => {
    if (before === undefined) delete process.env['BROWSER']
    else process.env['BROWSER'] = before
  })
  const { url } = await serveByCommand(t, folder, '--open')
  const read = (): string => {
    try {
      return readFileSync(opened, 'utf8')
    } catch {
      return ''
    }
  }
  await until(() => read() !== '', 'the browser has started')
  return { url, opened: read }
}

for (const [name, browserOf, expected] of [
  ['a program', (program: string) => `'${program}'`, (url: string) => [url]],
  [
    'a program with arguments',
    (program: string) => `"${program}" --new-window --app=%s`,
    (url: string) => ['--new-window', `--app=${url}`],
  ],
  [
    'the first of a list that opens it',
    (program: string) => `/none/browser:false:'${program}' -n`,
    (url: string) => ['-n', url],
  ],
  [
    'the one of a list that can be started',
    (program: string) => `/etc/passwd/browser:${'long'.repeat(100)}:'':'${program}'`,
    (url: string) => [url],
  ],
] as const) {
  void t.test(`CMD-33 --open starts ${name} in BROWSER`, NO_HANG, async (t) => {
    const { url, opened } = await openBy(t, browserOf)
    assert.equal(opened(), `${expected(url).join('\n')}\n`)
  })
}
