import assert from 'node:assert/strict'
import t from 'tap'
import { send } from '../support/client.js'
import { until } from '../support/processes.js'
import { Command } from './command.js'
import { needs } from './program.js'
import { serve } from './served-folder.js'
import { createSite } from './site.js'

const SCRIPT = `#!/usr/bin/python3
import os
print('Content-Type: text/plain')
print()
print(os.getppid())
`
const SITE = {
  'cgi-bin/warm.py': SCRIPT,
  'cgi-bin/plain.sh': "#!/bin/sh\nprintf 'Content-Type: text/plain\\n\\n'\n",
}
const STATUS = '/.common-gateway/'

void t.test('WARM-15 --warm keeps interpreters loaded', needs('/usr/bin/python3'), async (t) => {
  const server = await serve(t, createSite(t, SITE), '--warm')
  await until(async () => {
    const { text } = await send(server.port, '/cgi-bin/warm.py')
    return Number(text) !== process.pid
  }, 'a fork server is the parent')
  const page = (await send(server.port, STATUS)).text
  assert.match(page, /<h2 id="warm-title">Warm interpreters<\/h2>\s*<p class="quiet">1 now\./)
  assert.match(page, /<th scope="row">cgi-bin\/warm\.py<\/th><td data-label="State">warm<\/td>/)
  const inspected = await send(server.port, `${STATUS}inspect?method=GET&url=/cgi-bin/warm.py`)
  assert.match(inspected.text, /<dt>Starts<\/dt><dd>in process \d+, which has it loaded<\/dd>/)
})

void t.test('WARM-15 the status page says why a script is plain', async (t) => {
  const server = await serve(t, createSite(t, SITE), '--warm')
  const reason = 'it is neither Python nor Perl'
  await until(async () => {
    await send(server.port, '/cgi-bin/plain.sh')
    return (await send(server.port, STATUS)).text.includes(`plain: ${reason}`)
  }, 'the reason is shown')
  const inspected = await send(server.port, `${STATUS}inspect?method=GET&url=/cgi-bin/plain.sh`)
  assert.ok(inspected.text.includes(`<dt>Starts</dt><dd>plainly: ${reason}</dd>`))
})

void t.test('WARM-15 without --warm there is nothing about it', async (t) => {
  const server = await serve(t, createSite(t, SITE))
  await send(server.port, '/cgi-bin/plain.sh')
  assert.ok(!(await send(server.port, STATUS)).text.includes('Warm interpreters'))
})

void t.test('WARM-15 --warm takes no value', async (t) => {
  const { code, errors } = await new Command(t, ['--warm=8']).ended
  assert.equal(code, 2)
  assert.match(errors, /--warm takes no value, but got '8'/)
})
