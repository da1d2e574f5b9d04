import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { dial, open, readUntil, receive } from '../support/client.js'
import { isRunning, untilGone } from '../support/processes.js'
import { NO_HANG, serveByCommand } from './command.js'
import { serve } from './served-folder.js'
import { createSite } from './site.js'

// Most of the time is waiting: for the start of a command, and once for the ten seconds that scripts have.
t.jobs = 3
const BESIDE = { buffered: true, ...NO_HANG }

/** Tells its pid, then waits for the file `go` before it ends its answer. */
const WAITING = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n%s\\n' $$
while [ ! -e ../go ]; do sleep 0.02; done
echo done
`

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const
const SECOND_SIGNALS = [
  ['SIGTERM', 'SIGTERM', 143],
  ['SIGINT', 'SIGINT', 130],
  ['SIGTERM', 'SIGINT', 130],
  ['SIGHUP', 'SIGHUP', 129],
] as const

void t.test('what goes on for longer than ten seconds is cut off', BESIDE, async (t) => {
  const folder = createSite(t, {
    'large.bin': 'a'.repeat(64 * 1024 ** 2),
    'cgi-bin/waiting.sh': WAITING,
    'cgi-bin/stubborn.sh': WAITING.replace('\n', '\ntrap "" TERM\n'),
  })
  const command = await serveByCommand(t, folder)
  const pids: number[] = []
  for (const url of ['/cgi-bin/waiting.sh', '/cgi-bin/stubborn.sh']) {
    const response = await open(command.port, url)
    response.on('error', () => {})
    const [line] = await once(response, 'data')
    pids.push(Number(String(line)))
  }
  const download = await open(command.port, '/large.bin')
  download.on('error', () => {})
  command.signal('SIGTERM')
  const { code, output } = await command.ended
  assert.equal(code, 0)
  assert.match(output, / GET +\/large\.bin +200 .* aborted\n/)
  assert.match(
    output,
    / GET +\/cgi-bin\/stubborn\.sh +200 .*\n +error: the response was cut off: The gateway is closed/,
  )
  await untilGone(...pids)
})

for (const signal of SIGNALS) {
  void t.test(
    `${signal} lets a running script finish, and waits for no idle connection`,
    BESIDE,
    async (t) => {
      const folder = createSite(t, { 'page.html': 'page', 'cgi-bin/waiting.sh': WAITING })
      const command = await serveByCommand(t, folder)
      const idle = await dial(command.port)
      const kept = await dial(command.port)
      t.after(() => {
        idle.destroy()
        kept.destroy()
      })
      idle.write('GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n')
      await readUntil(idle, /\r\n\r\npage$/)
      // This one becomes idle only while the server is stopping.
      kept.write('GET /cgi-bin/waiting.sh HTTP/1.1\r\nHost: a\r\n\r\n')
      await readUntil(kept, /\r\n\d+\n/)
      const response = await open(command.port, '/cgi-bin/waiting.sh')
      command.signal(signal)
      await command.reports(/^common-gateway: stopping: /)
      assert.ok(isRunning(command.pid))
      writeFileSync(path.join(folder, 'go'), '')
      const answer = await receive(response)
      assert.match(answer.text, /^\d+\ndone\n$/)
      const { code, errors } = await command.ended
      assert.equal(code, 0)
      assert.equal(errors.trimEnd().split('\n').length, 1, errors)
      await untilGone(Number(answer.text.split('\n')[0]))
    },
  )
}

for (const [first, second, exitCode] of SECOND_SIGNALS) {
  void t.test(
    `${second} after ${first} ends it at once, with ${exitCode}, and its scripts`,
    BESIDE,
    async (t) => {
      const folder = createSite(t, { 'cgi-bin/waiting.sh': WAITING })
      const command = await serveByCommand(t, folder)
      const response = await open(command.port, '/cgi-bin/waiting.sh')
      response.on('error', () => {})
      const [pid] = await once(response, 'data')
      command.signal(first)
      await command.reports(/^common-gateway: stopping/)
      command.signal(second)
      assert.equal((await command.ended).code, exitCode)
      await untilGone(Number(String(pid)))
    },
  )
}

void t.test(
  'two signals that come together are one: npm passes on what the terminal sent',
  BESIDE,
  async (t) => {
    const folder = createSite(t, { 'cgi-bin/waiting.sh': WAITING })
    const command = await serveByCommand(t, folder)
    const response = await open(command.port, '/cgi-bin/waiting.sh')
    command.signal('SIGINT')
    command.signal('SIGINT')
    await command.reports(/^common-gateway: stopping/)
    writeFileSync(path.join(folder, 'go'), '')
    assert.match((await receive(response)).text, /done\n$/)
    assert.equal((await command.ended).code, 0)
  },
)

void t.test('a script is stopped when its client goes away', BESIDE, async (t) => {
  const folder = createSite(t, { 'cgi-bin/waiting.sh': WAITING })
  const command = await serve(t, folder)
  const response = await open(command.port, '/cgi-bin/waiting.sh')
  response.on('error', () => {})
  const [pid] = await once(response, 'data')
  response.destroy()
  await untilGone(Number(String(pid)))
  assert.ok(!existsSync(path.join(folder, 'go')))
})
