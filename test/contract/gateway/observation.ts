import type { CgiRun, CgiWait } from '@common-gateway/core'
import { strict as assert } from 'node:assert'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { setImmediate } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { leave, open, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'

/** What can be known of scripts while they run and afterwards. */
export function observationSuite(t: Test, adapter: Adapter): void {
  void t.test(`LOG-2 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN } })
    })
    t.after(() => gateway.close())

    /** Resolves with the message about the next run of a script, at its start and at its end. */
    function nextRun(t: Test, script: string): Record<'start' | 'end', Promise<CgiRun>> {
      const next = (name: string): Promise<CgiRun> =>
        new Promise((resolve) => {
          const listener = (message: unknown): void => {
            // The channel is ours.
            const run = message as CgiRun
            if (run.script === path.join(CGI_BIN, script)) resolve(run)
          }
          subscribe(`common-gateway:run:${name}`, listener)
          t.after(() => unsubscribe(`common-gateway:run:${name}`, listener))
        })
      return { start: next('start'), end: next('end') }
    }

    void t.test('LOG-2 publishes a run at its start and at its end', async (t) => {
      const { start, end } = nextRun(t, 'echo.cgi')
      const body = 'x'.repeat(200_000)
      const answer = await send(gateway, '/cgi-bin/echo.cgi?q', { method: 'POST', body })
      assert.equal(answer.text, body)
      const run = await end
      assert.equal(run, await start)
      assert.equal(typeof run.pid, 'number')
      assert.equal(run.request.method, 'POST')
      assert.equal(run.request.url, '/cgi-bin/echo.cgi?q')
      assert.equal(run.bytesIn, body.length)
      assert.ok(run.bytesOut > body.length, 'the header is counted too')
      assert.equal(run.exitCode, 0)
      assert.equal(run.signal, null)
      assert.equal(run.error, undefined)
      assert.ok(Math.abs(Date.now() - run.startTime) < 60_000)
      assert.ok(run.queueTime >= 0)
      const { headerTime = -1, duration = -1 } = run
      assert.ok(headerTime > 0 && duration >= headerTime, `${headerTime}, ${duration}`)
    })

    void t.test(
      'LOG-2 a subscriber that freezes or changes a message does not change the run',
      async (t) => {
        const refusals: unknown[] = []
        const listener = (message: unknown): void => {
          // The channel is ours.
          const run = message as { error: unknown }
          Object.freeze(run)
          try {
            run.error = new Error('of the subscriber')
          } catch (error) {
            refusals.push(error)
          }
        }
        subscribe('common-gateway:run:start', listener)
        t.after(() => unsubscribe('common-gateway:run:start', listener))
        const { end } = nextRun(t, 'echo.cgi')
        const answer = await send(gateway, '/cgi-bin/echo.cgi', { method: 'POST', body: 'body' })
        assert.equal(answer.text, 'body')
        assert.equal((await end).exitCode, 0)
        assert.ok(refusals.length > 0)
      },
    )

    void t.test('LOG-2 a message can be printed, wrapped and inherited from', async (t) => {
      const { end } = nextRun(t, 'echo.cgi')
      await send(gateway, '/cgi-bin/echo.cgi')
      const run = await end
      assert.match(inspect(run), /exitCode: 0/)
      assert.doesNotMatch(inspect(run), /\[Getter|\brequest:|standardErrorEnd/)
      assert.equal(new Proxy(run, {}).exitCode, 0)
      // An object that inherits from a message has its properties.
      assert.equal((Object.create(run) as typeof run).exitCode, 0)
    })

    void t.test('LOG-2 publishes a run that failed, and why', async (t) => {
      const said = nextRun(t, 'say.cgi')
      await send(gateway, saying('Bad Name: x\n\n'))
      const bad = await said.end
      assert.equal(bad.error?.code, 'CGI_ERR_BAD_HEADER')
      assert.equal(bad.error.line, 1)
      assert.equal(bad.headerTime, undefined)
      const killed = nextRun(t, 'kill-itself-early.cgi')
      await send(gateway, '/cgi-bin/kill-itself-early.cgi')
      const { exitCode, signal } = await killed.end
      assert.deepEqual({ exitCode, signal }, { exitCode: null, signal: 'SIGSEGV' })
    })

    void t.test(
      'LOG-2 resolves a promise when all of the standard error has been logged',
      async (t) => {
        const { end } = nextRun(t, 'errors.cgi')
        await send(gateway, '/cgi-bin/errors.cgi')
        const run = await end
        await run.standardErrorEnd
        assert.equal(Object.keys(run).includes('standardErrorEnd'), false)
      },
    )

    void t.test(
      'LOG-2 publishes a request that has to wait, and its run when it need not any more',
      async (t) => {
        const own = await adapter.start({ options: { root: CGI_BIN, maxProcesses: 1 } })
        t.after(() => own.close())
        const waits: CgiWait[] = []
        // The channel is ours.
        const listener = (message: unknown): unknown => waits.push(message as CgiWait)
        subscribe('common-gateway:run:wait', listener)
        t.after(() => unsubscribe('common-gateway:run:wait', listener))
        const first = nextRun(t, 'wait.cgi')
        const waiting = await open(own, '/cgi-bin/wait.cgi')
        waiting.on('error', () => {})
        await first.start
        const second = nextRun(t, 'say.cgi')
        const answer = send(own, saying('Status: 200\n\n'))
        while (own.stats().queued === 0) await setImmediate()
        const [wait, ...others] = waits.filter(({ script }) => script.startsWith(CGI_BIN))
        assert.equal(wait?.script, path.join(CGI_BIN, 'say.cgi'))
        assert.deepEqual(others, [])
        assert.ok(Math.abs(Date.now() - wait.startTime) < 60_000)
        assert.doesNotThrow(() => JSON.stringify(wait))
        leave(waiting)
        assert.equal((await answer).status, 200)
        assert.equal((await second.end).request, wait.request)
      },
    )

    void t.test('LOG-2 counts failed starts and disconnects; a run can be logged', async (t) => {
      const own = await adapter.start({
        options: { root: CGI_BIN, killOnDisconnect: false },
      })
      t.after(() => own.close())
      assert.equal((await send(own, '/cgi-bin/no-interpreter.cgi')).status, 500)
      assert.equal(own.stats().failed, 1)
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const { end } = nextRun(t, 'write-on.cgi')
      const response = await open(own, `/cgi-bin/write-on.cgi?${folder}/done`)
      response.on('error', () => {})
      leave(response)
      const run = await end
      assert.ok(run.isAbandoned)
      assert.deepEqual([own.stats().abandoned, own.stats().failed], [1, 1])
      assert.match(JSON.stringify(run), /"script":".*write-on\.cgi"/)
    })

    void t.test('LOG-2 counts', async (t) => {
      const own = await adapter.start({
        options: { root: CGI_BIN, maxProcesses: 1, queueTimeout: 100, killTimeout: 100 },
      })
      t.after(() => own.close())
      const zero = { running: 0, queued: 0, started: 0, failed: 0, abandoned: 0, refused: 0 }
      assert.deepEqual(own.stats(), { ...zero, bytesIn: 0, bytesOut: 0 })
      const said = nextRun(t, 'say.cgi')
      await send(own, saying('Status: 200\n\nbody'), { method: 'POST', body: '12345' })
      await said.end
      assert.deepEqual(own.stats(), { ...zero, started: 1, bytesIn: 5, bytesOut: 17 })
      const failing = nextRun(t, 'exit-3.cgi')
      await send(own, '/cgi-bin/exit-3.cgi')
      await failing.end
      assert.equal(own.stats().failed, 1)

      const { start, end } = nextRun(t, 'wait.cgi')
      const waiting = await open(own, '/cgi-bin/wait.cgi')
      waiting.on('error', () => {})
      await start
      assert.equal(own.stats().running, 1)
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 503)
      leave(waiting)
      await end
      const { running, queued, started, failed, abandoned, refused } = own.stats()
      assert.deepEqual(
        { running, queued, started, failed, abandoned, refused },
        { running: 0, queued: 0, started: 3, failed: 1, abandoned: 1, refused: 1 },
      )
    })
  })
}
