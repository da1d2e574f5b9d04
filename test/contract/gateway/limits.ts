import type { CgiOptions } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { leave, open, receive, send } from '../../support/client.js'
import { isRunning, untilGone } from '../../support/processes.js'

const SCRIPTS = {
  'report.cgi': `
    printf 'Content-Type: text/plain\\n\\n'
    (ulimit -St; ulimit -Ht; ulimit -v; ulimit -n; ulimit -f; nice; id -u; id -g) | tr '\\n' ' '`,
  'fill-early.cgi': 'exec head -c 10000 /dev/zero > "$QUERY_STRING"',
  'fill-late.cgi': `
    printf 'Content-Type: text/plain\\n\\nhalf'
    exec head -c 10000 /dev/zero > "$QUERY_STRING"`,
  'wait.cgi': `
    sleep 1000 &
    printf 'Content-Type: text/plain\\n\\n%s %s\\n' "$$" "$!"
    wait`,
}

/** What the kernel holds scripts to. */
export function limitsSuite(t: Test, adapter: Adapter): void {
  const onLinux = { skip: process.platform === 'linux' ? false : 'needs Linux' }
  const asRoot = { skip: process.getuid?.() === 0 ? onLinux.skip : 'needs the superuser' }

  void t.test(`LIM-3 (${adapter.name})`, async (t) => {
    let root: string
    t.before(() => {
      root = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      // Others may look in: they run the scripts.
      chmodSync(root, 0o755)
      for (const [name, lines] of Object.entries(SCRIPTS)) {
        writeFileSync(path.join(root, name), `#!/bin/sh\n${lines}\n`)
        chmodSync(path.join(root, name), 0o755)
      }
    })
    t.after(() => rmSync(root, { recursive: true }))

    async function start(t: Test, options: CgiOptions<never>): Promise<RunningGateway> {
      const gateway = await adapter.start({ options: { root, ...options } })
      t.after(() => gateway.close())
      return gateway
    }

    void t.test('LIM-3 limits and niceness bind a script', onLinux, async (t) => {
      const gateway = await start(t, {
        cpuTimeLimit: 9_001,
        memoryLimit: 256 * 1024 ** 2,
        openFileLimit: 48,
        fileSizeLimit: 512 * 1000,
        nice: 3,
      })
      const { text } = await send(gateway, '/cgi-bin/report.cgi')
      const ids = `${process.getuid?.()} ${process.getgid?.()}`
      assert.equal(text, `10 11 262144 48 1000 3 ${ids} `)
    })

    void t.test('LIM-3 a script runs as another user', asRoot, async (t) => {
      const gateway = await start(t, { user: 'nobody', group: 'daemon', openFileLimit: 32 })
      const { text } = await send(gateway, '/cgi-bin/report.cgi')
      assert.match(text, / 32 .* 65534 1 $/)
    })

    void t.test(
      'LIM-3 a script that its user may not run: 500, and the log says why',
      asRoot,
      async (t) => {
        const gateway = await start(t, { user: 'nobody' })
        writeFileSync(path.join(root, 'hidden.cgi'), '#!/bin/sh\necho\n', { mode: 0o700 })
        const answer = await send(gateway, '/cgi-bin/hidden.cgi')
        assert.equal(answer.status, 500)
        assert.doesNotMatch(answer.text, /hidden|denied/)
        const record = await gateway.logged(({ code }) => code === 'CGI_ERR_SPAWN')
        assert.match(String(record['reason']), /^\/\S+nice: .*hidden\.cgi.*: Permission denied$/)
        assert.equal(record['script'], path.join(root, 'hidden.cgi'))
      },
    )

    void t.test(
      'LIFE-1 LIM-3 stops a script of another user when its client disconnects',
      asRoot,
      async (t) => {
        const gateway = await start(t, { user: 'nobody' })
        const response = await open(gateway, '/cgi-bin/wait.cgi')
        response.on('error', () => {})
        const [line] = (await once(response, 'data')) as [Buffer]
        const pids = line.toString().trim().split(' ').map(Number)
        assert.ok(pids.length === 2 && pids.every(isRunning))
        leave(response)
        await untilGone(...pids)
      },
    )

    void t.test(
      'LIM-3 RES-6 killed by a limit: 502, or the connection destroyed',
      onLinux,
      async (t) => {
        const gateway = await start(t, { fileSizeLimit: 1_000 })
        const file = path.join(root, `file-${adapter.name.replace(/\W/g, '')}`)
        assert.equal((await send(gateway, `/cgi-bin/fill-early.cgi?${file}`)).status, 502)
        const early = await gateway.logged(({ code }) => code === 'CGI_ERR_KILLED')
        assert.equal(early['signal'], 'SIGXFSZ')
        gateway.forgetLog()
        await assert.rejects(open(gateway, `/cgi-bin/fill-late.cgi?${file}`).then(receive))
        const late = await gateway.logged(({ code }) => code === 'CGI_ERR_KILLED')
        assert.equal(late['signal'], 'SIGXFSZ')
        assert.equal(late['script'], path.join(root, 'fill-late.cgi'))
      },
    )
  })
}
