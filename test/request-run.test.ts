import type { CgiOptions, CgiRun } from '@common-gateway/core'
import { fastcgi, scgi } from '@common-gateway/fastcgi'
import { warm } from '@common-gateway/warm'
import { strict as assert } from 'node:assert'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { ScriptedUpstream } from './fastcgi/scripted-upstream.js'
import { adapters } from './support/adapters.js'
import { send } from './support/client.js'
import { until } from './support/processes.js'

const PYTHON = `#!/usr/bin/python3
print('Content-Type: text/plain\\n\\nhello')
`

for (const adapter of adapters) {
  /** Sends requests until the run of one fits. */
  async function untilRun(
    t: Test,
    options: CgiOptions,
    url: string,
    fits: (run: CgiRun) => boolean,
  ): Promise<CgiRun> {
    const runs: CgiRun[] = []
    const gateway = await adapter.start({ options, onClose: (run) => run && runs.push(run) })
    t.after(() => gateway.close())
    await until(async () => {
      assert.equal((await send(gateway, url)).status, 200)
      return runs.some(fits)
    }, 'a run fits')
    const found = runs.find(fits)
    assert.ok(found)
    return found
  }

  for (const protocol of ['fastcgi', 'scgi'] as const) {
    void t.test(
      `LOG-2 request.cgi names the upstream (${protocol}, ${adapter.name})`,
      async (t) => {
        const upstream = await new ScriptedUpstream(
          { answer: (call) => call.answer('hello') },
          { port: 0, host: '127.0.0.1' },
          protocol,
        ).start()
        t.after(() => upstream.stop())
        const create = protocol === 'scgi' ? scgi : fastcgi
        const options = { script: create(upstream.address) }
        const run = await untilRun(t, options, '/cgi-bin/app', () => true)
        assert.equal(run.upstream, upstream.address)
        assert.equal(run.pid, undefined)
      },
    )
  }

  void t.test(`LOG-2 request.cgi says whether a script is warm (${adapter.name})`, async (t) => {
    const root = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
    t.after(() => rmSync(root, { recursive: true }))
    writeFileSync(path.join(root, 'hello.py'), PYTHON, { mode: 0o755 })
    const options = { root, spawner: warm() }
    const run = await untilRun(t, options, '/cgi-bin/hello.py', ({ isWarm }) => isWarm)
    assert.equal(run.scriptName, '/cgi-bin/hello.py')
    assert.equal(typeof run.pid, 'number')
    assert.equal(run.plainReason, undefined)
  })
}
