import { strict as assert } from 'node:assert'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { dial, exchange, send } from '../../support/client.js'
import { CGI_BIN, saying } from '../../support/fixtures.js'
import { untilGone } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'
import { closed, pidsIn, pidsOf } from '../script-pids.js'
import { temporaryFile } from '../temporary-file.js'

/** How long a script and its client may take. */
export function timeOutsSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`LIM-1 (${adapter.name})`, async (t) => {
    async function startWith(
      t: Test,
      options: Record<string, number | boolean | string>,
    ): Promise<RunningGateway> {
      const own = await adapter.start({ options: { root: CGI_BIN, ...options } })
      t.after(() => own.close())
      return own
    }

    http1Test(
      t,
      'LIM-1 bodyTimeout: a script that has closed its output and waits for input',
      async (t) => {
        const own = await startWith(t, { bodyTimeout: 300 })
        const socket = await dial(own)
        t.after(() => socket.destroy())
        socket.write(
          'POST /cgi-bin/answer-and-wait.cgi?X-Closed:%201 HTTP/1.1\r\nHost: a\r\n' +
            'Content-Length: 1000\r\n\r\nhalf',
        )
        const early = await own.logged(({ message }) => message.startsWith('waiting is '))
        await untilGone(Number(early.message.slice('waiting is '.length)))
      },
    )

    http1Test(
      t,
      'LIM-1 headersTimeout: 408 where it is the client that is waited for',
      async (t) => {
        const own = await startWith(t, { headersTimeout: 800, bodyTimeout: 800 })
        for (const framing of [
          'Content-Length: 100\r\n\r\nhalf',
          'Transfer-Encoding: chunked\r\n\r\n4\r\nhalf',
        ]) {
          const script = `/cgi-bin/wait-silently.cgi?${temporaryFile(t)}`
          const request = `POST ${script} HTTP/1.1\r\nHost: a\r\n${framing}`
          assert.match(await exchange(own, request), /^HTTP\/1\.1 408 /)
        }
      },
    )

    void t.test('LIM-1 headersTimeout: 504, and the script is stopped', async (t) => {
      // Time enough for the script to start.
      const own = await startWith(t, { headersTimeout: 1_000 })
      const file = temporaryFile(t)
      const answer = await send(own, `/cgi-bin/wait-silently.cgi?${file}`)
      assert.equal(answer.status, 504)
      await untilGone(...(await pidsIn(file)))
      await own.logged(({ code }) => code === 'CGI_ERR_HEADERS_TIMEOUT')
    })

    void t.test(
      'LIM-1 bodyTimeout: the connection is destroyed, and the script stopped',
      async (t) => {
        const own = await startWith(t, { bodyTimeout: 300 })
        const [response, pids] = await pidsOf(own, '/cgi-bin/wait.cgi')
        await closed(response)
        assert.equal(response.readableEnded, false)
        await untilGone(...pids)
      },
    )

    void t.test(
      'LIM-1 requestTimeout: 504 or destroyed, by whether the header is out',
      async (t) => {
        const own = await startWith(t, { requestTimeout: 1_000 })
        const file = temporaryFile(t)
        assert.equal((await send(own, `/cgi-bin/wait-silently.cgi?${file}`)).status, 504)
        await untilGone(...(await pidsIn(file)))
        await assert.rejects(send(own, '/cgi-bin/endless.cgi'))
      },
    )

    void t.test('LIM-1 0 turns a time-out off', async (t) => {
      const options = { headersTimeout: 0, bodyTimeout: 0, requestTimeout: 0 }
      const own = await startWith(t, options)
      assert.equal((await send(own, saying('Status: 200\n\nbody', true))).text, 'body')
    })
  })
}
