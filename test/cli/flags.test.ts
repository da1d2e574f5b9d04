import { strict as assert } from 'node:assert'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { FLAGS, SHOWN_FLAGS } from '@internal/cli/settings/flags.js'
import { isSettingName } from '@internal/cli/settings/rules.js'
import { send } from '../support/client.js'
import { Command, MAIN, NO_HANG } from './command.js'
import { serve } from './served-folder.js'
import { createSite } from './site.js'

const SITE = { 'cgi-bin/hello.sh': "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\nhello'\n" }

function print(...args: string[]): string {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' }).stdout
}

void t.test('CMD-30 the completion of bash offers flags and their values', async () => {
  const complete = (typed: string, previous: string): string[] => {
    const call = `_common_gateway common-gateway '${typed}' '${previous}'; echo "\${COMPREPLY[*]}"`
    const script = `${print('--completion', 'bash')}\n${call}`
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    return stdout.trim().split(' ')
  }
  assert.deepEqual(complete('--ind', 'common-gateway'), ['--index'])
  assert.deepEqual(complete('', '--log'), ['text', 'json'])
  assert.equal(complete('--', 'common-gateway').length, SHOWN_FLAGS.length)
  // No words of its own: `compgen -f` would split a name at its spaces.
  assert.deepEqual(complete('pack', '--directory'), [''])
  assert.match(print('--completion', 'bash'), /^complete -o default /m)
})

void t.test('CMD-30 zsh and fish have each flag; other shells are refused', NO_HANG, async (t) => {
  const zsh = print('--completion', 'zsh')
  const fish = print('--completion', 'fish')
  for (const [name] of SHOWN_FLAGS) {
    assert.ok(zsh.includes(`--${name}[`), name)
    assert.ok(fish.includes(` -l ${name} `), name)
  }
  const refused = await new Command(t, ['--completion', 'tcsh']).ended
  assert.equal(refused.code, 2)
  assert.match(refused.errors, /must be 'bash', 'zsh' or 'fish', but got 'tcsh'/)
})

void t.test('CMD-31 --man prints a page with each flag', async () => {
  const page = print('--man')
  assert.match(page, /^\.TH COMMON/)
  for (const [name] of SHOWN_FLAGS) {
    assert.ok(page.includes(`\\-\\-${name.replaceAll('-', '\\-')}\\fR`), name)
  }
})

void t.test('CMD-32 each flag of the table does something', async () => {
  const others = ['no-status', 'config', 'print-config', 'completion', 'man', 'version', 'help']
  const names = Object.keys(FLAGS).filter((name) => !isSettingName(name))
  assert.deepEqual(names, [...others, 'host', 'cgi'])
})

void t.test('CMD-34 --metrics has the counts, for this machine only', NO_HANG, async (t) => {
  const { port } = await serve(t, createSite(t, SITE), '--metrics', '--no-status')
  await send(port, '/cgi-bin/hello.sh')
  const answer = await send(port, '/.common-gateway/metrics')
  assert.equal(answer.status, 200)
  assert.deepEqual(answer.all('content-type'), ['text/plain; version=0.0.4; charset=utf-8'])
  assert.match(answer.text, /^# TYPE common_gateway_scripts_started_total counter$/m)
  assert.match(answer.text, /^common_gateway_scripts_started_total\{mount="\/cgi-bin"\} 1$/m)
  const headers = ['X-Forwarded-For', '192.0.2.1']
  assert.equal((await send(port, '/.common-gateway/metrics', { headers })).status, 404)
  const without = await serve(t, createSite(t, SITE))
  assert.equal((await send(without.port, '/.common-gateway/metrics')).status, 404)
})
