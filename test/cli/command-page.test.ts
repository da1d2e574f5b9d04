import assert from 'node:assert/strict'
import { chmodSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { send } from '../support/client.js'
import { NO_HANG } from './command.js'
import { needs } from './program.js'
import { printConfig } from './refused-call.js'
import { createSite } from './site.js'
import { openTerminal } from './terminal.js'

const PAGE = readFileSync(new URL('../../../docs/reference/command.md', import.meta.url), 'utf8')
const [, SCREEN = ''] = /\n```\n(Common Gateway [^]*?)\n```\n/.exec(PAGE) ?? []
const [, CONFIG = ''] = /\n```json\n([^]*?)\n```\n/.exec(PAGE) ?? []

void t.test('the settings in the page of the command are settings', NO_HANG, async (t) => {
  const folder = createSite(t, { 'common-gateway.config.json': CONFIG, 'public/page.html': '' })
  const { config } = JSON.parse(await printConfig(['public'], folder)) as {
    config: Record<string, unknown>
  }
  assert.deepEqual(config['cgi-dir'], ['cgi-bin', `/tools=${path.join(folder, 'tools')}`])
  assert.equal(config['timeout'], '30000ms')
})

const TERMINAL = ['perl', 'python3'].map(needs).reduce((one, other) => {
  return one.skip === false ? other : one
})

void t.test('the terminal looks as it does in the page of the command', TERMINAL, async (t) => {
  const folder = createSite(t, {
    'index.html': '<p>hi',
    'cgi-bin/hello.py': `#!/usr/bin/env python3\nprint("Content-Type: text/plain\\n\\nHello")\n`,
    'cgi-bin/members.pl': `#!/usr/bin/perl\nprint "Status: 403 Forbidden\\n\\nMembers only";\n`,
    'cgi-bin/total.py': '#!/usr/bin/env python3\nprint(10 / 0)\n',
    'cgi-bin/visitors': '#!/bin/sh\n',
  })
  chmodSync(path.join(folder, 'cgi-bin/visitors'), 0o644)
  const environment = { NO_COLOR: '1' }
  const terminal = openTerminal(t, ['0'], { columns: 80, environment, cwd: folder })
  await terminal.shows(/visitors\r\n\r\n(?: {2}Warning: .+\r\n\r\n)?$/)
  const port = Number(/127\.0\.0\.1:(\d+)/.exec(terminal.screen)?.[1])
  await send(port, '/')
  await terminal.shows(/ \/ .+ B\r\n/)
  await send(port, '/cgi-bin/hello.py')
  await terminal.shows(/hello\.py .+ B\r\n/)
  await send(port, '/cgi-bin/members.pl', { method: 'POST', body: 'a=b' })
  await terminal.shows(/members\.pl .+ B\r\n/)
  await send(port, '/cgi-bin/total.py')
  await terminal.shows(/\(exit code 1\)\r\n/)

  /** Without what is another each time, and what only some versions of Python or only root see. */
  const toConstant = (text: string): string => {
    return text
      .replaceAll(folder, '/srv/site')
      .replace(/^\s*[~^]+\n/gm, '')
      .replace(/^ {2}Warning: .+\n\n/m, '')
      .replace(/\d+/g, '0')
      .replace(/ {2,}(?=\S)(?<=\S {2,})/g, ' ')
      .trim()
  }
  const shown = terminal.screen.replaceAll('\r', '').replace(/^\d*\s*/, '')
  assert.equal(toConstant(shown), toConstant(SCREEN))
})
