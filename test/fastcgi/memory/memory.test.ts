import assert from 'node:assert/strict'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { send } from '../../support/client.js'
import { type ForkedProcess, startForkedProcess } from '../../support/forked-process.js'
import { untilSteady } from '../../support/host-process.js'
import { descriptorsOf, until } from '../../support/processes.js'
import { startApplication } from './application.js'
import type { HostState } from './host.js'

type Host = ForkedProcess<{ port: number }, 'state', HostState>

const MEGABYTE = 1024 ** 2
/** `REQUESTS=20000 ABORTS=200 node test/build/fastcgi/memory/memory.test.js` takes minutes. */
const REQUESTS = Number(process.env['REQUESTS'] ?? 3_000)
const ABORTS = Number(process.env['ABORTS'] ?? 100)
const CLIENTS = 16
/** What is compiled and cached in the first requests is not growth. */
const WARM = 1_500
/** 350 bytes that are kept of each of 3,000 requests, or 10 KB of each of 100 aborts, would be more. */
const MOST_HEAP = 1 * MEGABYTE
const MOST_RESIDENT = 24 * MEGABYTE

for (const keepAlive of [false, true]) {
  const kept = keepAlive ? 'kept connections' : 'a connection each'
  void t.test(`memory of a gateway with FastCGI, ${kept}`, { timeout: 900_000 }, async (t) => {
    const address = path.join(createTemporaryFolder(t), 'socket')
    const application = await startApplication(t, address)
    const options = JSON.stringify({ address, keepAlive, maxConnections: 8 })
    const module = fileURLToPath(new URL('host.js', import.meta.url))
    const host: Host = await startForkedProcess(module, [options])
    t.after(() => host.stop())
    const { port } = host.ready
    await sendMany(port, WARM)
    const before = await measure(host)

    void t.test(`UP-1 it is flat over ${REQUESTS} requests`, { timeout: 600_000 }, async (t) => {
      assert.equal(await sendMany(port, REQUESTS), 0)
      const after = await measure(host)
      t.comment(
        `heap ${after.heap - before.heap} bytes, resident ${after.resident - before.resident}`,
      )
      assert.ok(after.heap - before.heap < MOST_HEAP, `${after.heap - before.heap} bytes of heap`)
      const growth = after.resident - before.resident
      assert.ok(growth < MOST_RESIDENT, `${growth} bytes`)
    })

    void t.test(
      `UP-4 it is flat over ${ABORTS} aborts, and no connection is left`,
      { timeout: 600_000 },
      async (t) => {
        for (let count = 0; count < ABORTS; count += 1) {
          const controller = new AbortController()
          const { signal } = controller
          const method = count % 2 === 0 ? 'GET' : 'POST'
          const body = method === 'POST' ? { body: 'content' } : {}
          const answered = send(port, '/cgi-bin/hang', { method, signal, ...body }).catch(
            () => null,
          )
          await until(() => application.hanging() === count + 1, 'it hangs')
          controller.abort()
          await answered
        }
        await untilIdle(host)
        const after = await measure(host)
        t.comment(`heap ${after.heap - before.heap} bytes`)
        assert.ok(after.heap - before.heap < MOST_HEAP, `${after.heap - before.heap} bytes of heap`)
        // The client and the application may each have kept a few.
        const sockets = descriptorsOf(host.pid).filter((name) => name.startsWith('socket:'))
        assert.ok(sockets.length < 2 * CLIENTS + 16, `${sockets.length} sockets`)
        assert.equal(await sendMany(port, 100), 0)
      },
    )
  })
}

/** Every fourth is a POST. Returns how many were not answered. */
async function sendMany(port: number, requests: number): Promise<number> {
  let sent = 0
  let lost = 0
  const client = async (): Promise<void> => {
    while (sent < requests) {
      sent += 1
      const options = sent % 4 === 0 ? { method: 'POST', body: 'content' } : {}
      const { text } = await send(port, '/cgi-bin/good', options)
      if (text !== 'good') lost += 1
    }
  }
  await Promise.all(Array.from({ length: CLIENTS }, client))
  return lost
}

async function measure(host: Host): Promise<HostState> {
  let last = await host.ask('state')
  await untilSteady(async () => {
    last = await host.ask('state')
    return last.heap
  })
  return last
}

async function untilIdle(host: Host): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if ((await host.ask('state')).running === 0) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('a request still runs')
}
