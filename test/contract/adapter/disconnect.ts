import { strict as assert } from 'node:assert'
import type { Test } from 'tap'
import type { Adapter, RunningGateway } from '../../support/adapters.js'
import { dial, leave, readUntil } from '../../support/client.js'
import { CGI_BIN } from '../../support/fixtures.js'
import { isRunning, untilGone } from '../../support/processes.js'
import { http1TestOf } from '../http1.js'
import { pidsIn, pidsOf } from '../script-pids.js'
import { temporaryFile } from '../temporary-file.js'

/** A client that goes away before, while and after it is answered. */
export function disconnectSuite(t: Test, adapter: Adapter): void {
  const http1Test = http1TestOf(adapter)
  void t.test(`LIFE-1 (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN, lingerTimeout: 200 } })
    })
    t.after(() => gateway.close())

    void t.test('LIFE-1 stops a script and its children when the client goes away', async () => {
      const [response, pids] = await pidsOf(gateway, '/cgi-bin/wait.cgi')
      assert.ok(pids.every(isRunning))
      leave(response)
      await untilGone(...pids)
    })

    http1Test(t, 'LIFE-1 stops a script that is silent when the client goes away', async (t) => {
      const file = temporaryFile(t)
      const socket = await dial(gateway)
      socket.write(`GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n`)
      const silent = await pidsIn(file)
      socket.resetAndDestroy()
      await untilGone(...silent)
    })

    http1Test(t, 'LIFE-1 stops a script whose turn on the connection has not come', async (t) => {
      const files = [temporaryFile(t), temporaryFile(t)]
      const socket = await dial(gateway)
      for (const file of files) {
        socket.write(`GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n`)
      }
      const pids = (await Promise.all(files.map(pidsIn))).flat()
      socket.resetAndDestroy()
      await untilGone(...pids)
    })

    http1Test(
      t,
      'LIFE-1 an NPH response that has to wait for its turn, and never gets it',
      async (t) => {
        const file = temporaryFile(t)
        const socket = await dial(gateway)
        socket.write(
          `GET /cgi-bin/wait-silently.cgi?${file} HTTP/1.1\r\nHost: a\r\n\r\n` +
            'GET /cgi-bin/nph-wait.cgi HTTP/1.1\r\nHost: a\r\n\r\n',
        )
        const pids = await pidsIn(file)
        const nph = await gateway.logged(({ message }) => message.startsWith('waiting is '))
        socket.resetAndDestroy()
        await untilGone(...pids, Number(nph.message.slice('waiting is '.length)))
      },
    )

    http1Test(
      t,
      'LIFE-1 a script that answers early and reads on ends with its client',
      async () => {
        const socket = await dial(gateway)
        socket.write(
          'POST /cgi-bin/answer-and-read.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf',
        )
        await readUntil(socket, /ok$/)
        const known = await gateway.logged(({ message }) => message.startsWith('early is '))
        socket.resetAndDestroy()
        await untilGone(Number(known.message.slice('early is '.length)))
      },
    )

    http1Test(
      t,
      'LIFE-1 a script that reads on after an answer without content ends with its client',
      async () => {
        for (const header of ['Status: 204', 'Status: 304', 'Content-Length: 0', 'X-Closed: 1']) {
          const known = gateway.log.length
          const socket = await dial(gateway)
          socket.write(
            `POST /cgi-bin/answer-and-wait.cgi?${header.replace(' ', '%20')} HTTP/1.1\r\nHost: a\r\n` +
              'Content-Length: 1000\r\n\r\nhalf',
          )
          const early = await gateway.logged(
            (record) =>
              gateway.log.indexOf(record) >= known && record.message.startsWith('waiting is '),
          )
          socket.resetAndDestroy()
          await untilGone(Number(early.message.slice('waiting is '.length)))
        }
      },
    )
  })
}
