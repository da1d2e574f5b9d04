import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import { PassThrough } from 'node:stream'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { dial, leave, open, receive, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { until, untilGone } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'
import { pidsOf } from '../script-pids.js'
import { temporaryFile } from '../temporary-file.js'

/** More requests than may run at once. */
export function queueSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`LIM-2 (${adapter.name})`, async (t) => {
    async function startWith(
      t: Test,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, ...options } })
      t.after(() => own.close())
      return own
    }

    void t.test(
      'LIM-2 queues what is too much, and turns away what the queue does not hold',
      async (t) => {
        const own = await startWith(t, { maxProcesses: 1, maxQueue: 2 })
        const file = temporaryFile(t)
        execFileSync('mkfifo', [file])
        const holding = await open(own, `/cgi-bin/header-only.cgi?${file}`)
        const queued = [1, 2].map(() => send(own, saying('Status: 200\n\n')))
        // A request that arrives while both wait gets 503; at first, that may be one of these.
        const third = await Promise.race([...queued, send(own, saying('Status: 200\n\n'))])
        assert.equal(third.status, 503)
        assert.deepEqual(third.all('retry-after'), ['1'])
        writeFileSync(file, '\n')
        assert.equal((await receive(holding)).text, 'body')
        const statuses = (await Promise.all(queued)).map(({ status }) => status)
        assert.ok(statuses.includes(200))
      },
    )

    void t.test(
      'LIM-2 a body that is received first has a place in the queue, and no slot',
      async (t) => {
        const own = await startWith(t, { maxProcesses: 1, maxQueue: 1 })
        const bodies = [1, 2].map(() => new PassThrough())
        const uploads = bodies.map((body) => {
          return send(own, '/cgi-bin/echo.cgi', { method: 'POST', body })
        })
        for (const body of bodies) body.write('begun ')
        await until(() => own.stats().queued === 2, 'both have a place')
        const third = new PassThrough()
        third.end('whole')
        const refused = await send(own, '/cgi-bin/echo.cgi', { method: 'POST', body: third })
        assert.equal(refused.status, 503)
        // Neither has the slot: a request that is ready does not wait.
        assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
        for (const body of bodies) body.end('and ended')
        for (const answer of await Promise.all(uploads)) {
          assert.match(answer.text, /begun and ended/)
        }
        assert.equal(own.stats().queued, 0)
      },
    )

    void t.test(
      'LIM-2 the place is free when a client leaves in the middle of its body',
      async (t) => {
        const own = await startWith(t, { maxProcesses: 1, maxQueue: 0 })
        const client = new AbortController()
        const body = new PassThrough()
        const { signal } = client
        const left = send(own, '/cgi-bin/echo.cgi', { method: 'POST', body, signal })
        body.write('begun')
        await until(() => own.stats().queued === 1, 'it has a place')
        client.abort()
        await assert.rejects(left)
        await until(() => own.stats().queued === 0, 'the place is free')
        assert.equal(own.stats().abandoned, 1)
      },
    )

    void t.test('LIM-2 waits in the queue no longer than queueTimeout', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, queueTimeout: 200 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      const answer = await send(own, saying('Status: 200\n\n'))
      assert.equal(answer.status, 503)
      leave(response)
      await untilGone(...pids)
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
    })

    http1Test(t, 'LIM-2 a client that leaves the queue leaves a place in it', async (t) => {
      const own = await startWith(t, { maxProcesses: 1, maxQueue: 1 })
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      const socket = await dial(own)
      socket.write(`GET ${saying('Status: 200\n\n')} HTTP/1.1\r\nHost: a\r\n\r\n`)
      // One of two that come now is turned away at once: there is one place, or none.
      const asked = [1, 2].map(() => send(own, saying('Status: 200\n\n')))
      assert.equal((await Promise.race(asked)).status, 503)
      socket.resetAndDestroy()
      leave(response)
      await untilGone(...pids)
      assert.equal((await send(own, saying('Status: 200\n\n'))).status, 200)
      await Promise.all(asked)
    })
  })
}
