import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { dial, open, readUntil, receive, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { until, untilGone } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'
import { closed, pidsOf } from '../script-pids.js'
import { temporaryFile } from '../temporary-file.js'

/** A gateway that is closed while scripts run. */
export function closeSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`LIFE-4 (${adapter.name})`, async (t) => {
    async function startWith(
      t: Test,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, ...options } })
      t.after(() => own.close())
      return own
    }

    void t.test('LIFE-4 close() lets a script finish, and starts no other', async (t) => {
      const own = await startWith(t, { maxProcesses: 1 })
      const pipe = temporaryFile(t)
      execFileSync('mkfifo', [pipe])
      const response = await open(own, `/cgi-bin/event.cgi?${pipe}`)
      const queued = send(own, saying('Status: 200\n\n'))
      await until(() => own.stats().queued === 1, 'one waits for a slot')
      const down = own.shutDown()
      assert.equal((await queued).status, 503)
      writeFileSync(pipe, '\n')
      assert.equal((await receive(response)).text, 'data: first\n\ndata: second\n\n')
      await until(() => own.stats().running === 0, 'nothing runs any more')
      await own.close()
      await down
    })

    http1Test(t, 'LIFE-4 answers 503 to a request on an open connection', async (t) => {
      const own = await startWith(t, {})
      const [pipe, longer] = [temporaryFile(t), temporaryFile(t)]
      execFileSync('mkfifo', [pipe, longer])
      // Node.js destroys connections at the end of the shutdown, one with an answer that it is to send next, too.
      const lasting = await open(own, `/cgi-bin/event.cgi?${longer}`)
      const socket = await dial(own)
      t.after(() => socket.destroy())
      socket.write(`GET /cgi-bin/event.cgi?${pipe} HTTP/1.1\r\nHost: a\r\n\r\n`)
      await readUntil(socket, /data: first/)
      const down = own.shutDown()
      socket.write(`GET ${saying('Status: 200\n\n')} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const rest = readUntil(socket, /HTTP\/1\.1 503/)
      writeFileSync(pipe, '\n')
      assert.match(await rest, /data: second/)
      socket.destroy()
      writeFileSync(longer, '\n')
      await receive(lasting)
      await down
    })

    void t.test('LIFE-4 close() stops what does not end by itself', async (t) => {
      const own = await adapter.start({ options: { root: CGI_BIN, closeTimeout: 100 } })
      t.after(() => own.close())
      const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
      await own.close()
      await closed(response)
      await untilGone(...pids)
    })
  })
}
