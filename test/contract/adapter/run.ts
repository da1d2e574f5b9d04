import type { CgiRun } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import path from 'node:path'
import type { Test } from 'tap'
import type { Adapter, RunningGateway, Setup } from '../../support/adapters.js'
import { leave, open, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { until } from '../../support/processes.js'

/** What `request.cgi` says to the application. */
export function runSuite(t: Test, adapter: Adapter): void {
  void t.test(`LOG-2 request.cgi (${adapter.name})`, async (t) => {
    const seen: (CgiRun | null | undefined)[] = []
    const onClose: Setup['onClose'] = (run) => void seen.push(run)
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({
        options: { root: CGI_BIN, otherFiles: 'send', headersTimeout: 300, killTimeout: 100 },
        onClose,
      })
    })
    t.after(() => gateway.close())
    t.beforeEach(() => void seen.splice(0))

    /** The runs of so many requests whose responses are over. */
    async function runs(count: number): Promise<typeof seen> {
      await until(() => seen.length === count, `${count} responses are over`)
      return seen
    }

    async function onlyRun(): Promise<CgiRun> {
      const [first] = await runs(1)
      assert.ok(first)
      return first
    }

    void t.test('LOG-2 is the message of the channels', async (t) => {
      const ended: unknown[] = []
      const listener = (message: unknown): unknown => ended.push(message)
      subscribe('common-gateway:run:end', listener)
      t.after(() => unsubscribe('common-gateway:run:end', listener))
      await send(gateway, '/cgi-bin/echo.cgi/%C3%A9/b?q', { method: 'POST', body: 'body' })
      const shown = await onlyRun()
      await until(() => ended.includes(shown), 'the script has ended')
      const { script, scriptName, pathInfo, exitCode, signal, isWarm, upstream, error } = shown
      assert.deepEqual(
        { script, scriptName, pathInfo, exitCode, signal, isWarm, upstream, error },
        {
          script: path.join(CGI_BIN, 'echo.cgi'),
          scriptName: '/cgi-bin/echo.cgi',
          pathInfo: Buffer.from('/é/b').toString('latin1'),
          exitCode: 0,
          signal: null,
          // The first runs of a script are plain, also where it gets a fork server.
          isWarm: adapter.hasForkServers === true && isWarm,
          upstream: undefined,
          error: undefined,
        },
      )
      assert.equal(typeof shown.pid, 'number')
      assert.ok((shown.duration ?? -1) > 0)
      assert.equal(shown.request.method, 'POST')
    })

    for (const [name, url, status] of [
      ['of another route', '/plain', 200],
      ['that names no script', '/cgi-bin/none.cgi', 404],
      ['for a file', '/cgi-bin/interpreted.say', 200],
      ['whose script cannot be started', '/cgi-bin/no-interpreter.cgi', 500],
    ] as const) {
      void t.test(`LOG-2 a request ${name} has none`, async () => {
        assert.equal((await send(gateway, url)).status, status)
        const [none] = await runs(1)
        assert.equal(none ?? null, null)
      })
    }

    void t.test('LOG-2 a script that fails', async () => {
      assert.equal((await send(gateway, '/cgi-bin/fail.cgi')).status, 502)
      const { exitCode, error } = await onlyRun()
      assert.equal(exitCode, 3)
      assert.equal(error?.code, 'CGI_ERR_NO_RESPONSE')
    })

    void t.test('LOG-2 a script that the gateway stops, and why', async () => {
      assert.equal((await send(gateway, '/cgi-bin/hang.cgi')).status, 504)
      const { error } = await onlyRun()
      assert.equal(error?.code, 'CGI_ERR_HEADERS_TIMEOUT')
      assert.equal((await send(gateway, saying('Bad Name: x\n\n'))).status, 502)
      const [, bad] = await runs(2)
      assert.equal(bad?.error?.code, 'CGI_ERR_BAD_HEADER')
    })

    void t.test('LOG-2 a request that its client abandons', async () => {
      const waiting = await open(gateway, '/cgi-bin/wait.cgi')
      waiting.on('error', () => {})
      leave(waiting)
      const abandoned = await onlyRun()
      await until(() => abandoned.isAbandoned, 'the gateway has noticed')
      assert.equal(abandoned.error?.code, 'CGI_ERR_CLIENT_GONE')
    })

    void t.test('LOG-2 a request that waits for a slot has none before its start', async (t) => {
      const one = await adapter.start({
        options: { root: CGI_BIN, maxProcesses: 1, queueTimeout: 100 },
        onClose,
      })
      t.after(() => one.close())
      const waiting = await open(one, '/cgi-bin/wait.cgi')
      waiting.on('error', () => {})
      assert.equal((await send(one, '/cgi-bin/echo.cgi')).status, 503)
      const [refused] = await runs(1)
      assert.equal(refused, null)
      leave(waiting)
    })

    void t.test('LOG-2 each script of a local redirect', async () => {
      const url = saying('Location: /cgi-bin/report.cgi/more\n\n')
      assert.equal((await send(gateway, url)).status, 200)
      const all = await runs(2)
      const names = new Set(all.map((each) => each && each.scriptName + each.pathInfo))
      assert.deepEqual(names, new Set(['/cgi-bin/say.cgi', '/cgi-bin/report.cgi/more']))
    })

    void t.test('LOG-2 below another mount', async (t) => {
      const own = await adapter.start({ options: { root: CGI_BIN }, mount: '/a/b', onClose })
      t.after(() => own.close())
      await send(own, '/a/b/echo.cgi')
      assert.equal((await onlyRun()).scriptName, '/a/b/echo.cgi')
    })
  })
}
