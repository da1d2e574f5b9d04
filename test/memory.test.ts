import { strict as assert } from 'node:assert'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type IncomingMessage, request as httpRequest } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t, { type Test } from 'tap'
import { type Adapter, adapters } from './support/adapters.js'
import { dial, open, receive, send } from './support/client.js'
import { saying } from './support/fixtures.js'
import { type HostProcess, startHostProcess, untilSteady } from './support/host-process.js'
import { until } from './support/processes.js'

const MEGABYTE = 1024 * 1024
/** How much a host may grow while something large passes through it. */
const MOST_GROWTH = 16 * MEGABYTE

async function startHost(adapter: Adapter): Promise<HostProcess> {
  const host = await startHostProcess(adapter)
  const { port } = host
  // What is loaded and compiled once is not growth.
  for (let warm = 0; warm < 20; warm += 1) await send(port, saying('Status: 200\n\nwarm'))
  const large = await open(port, `/cgi-bin/zeros.cgi?${32 * MEGABYTE}`)
  await once(large.resume(), 'end')
  await send(port, '/cgi-bin/digest.cgi', { method: 'POST', body: Buffer.alloc(32 * MEGABYTE) })
  return host
}

for (const adapter of adapters) {
  void t.test(`memory of the host (${adapter.name})`, async (t) => {
    let host: HostProcess
    t.before(async () => {
      host = await startHost(adapter)
    })
    t.after(() => host?.stop())

    void t.test('RES-4 128 MB for a client that reads nothing for a while', async (t) => {
      const before = await untilSteady(() => host.resident())
      const size = 128 * MEGABYTE
      const socket = await dial(host.port)
      t.after(() => socket.destroy())
      socket.pause()
      socket.write(`GET /cgi-bin/zeros.cgi?${size} HTTP/1.0\r\n\r\n`)
      // Until everything between script and client is full, and nothing moves any more.
      const stalled = await untilSteady(() => host.resident())
      assert.ok(stalled - before < MOST_GROWTH, `${(stalled - before) / MEGABYTE} MB while stalled`)
      let received = 0
      socket.on('data', (chunk: Buffer) => (received += chunk.length))
      socket.resume()
      const flowing = await leastWhile(host, () => received / size)
      assert.ok(flowing - before < MOST_GROWTH, `${(flowing - before) / MEGABYTE} MB while flowing`)
      report(t, stalled - before, flowing - before)
      if (!socket.closed) await once(socket, 'close')
      assert.ok(received > size, `${received} bytes`)
    })

    void t.test('BODY-1 a 128 MB upload to a script that reads slowly', async (t) => {
      const folder = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
      t.after(() => rmSync(folder, { recursive: true }))
      const pipe = path.join(folder, 'gate')
      execFileSync('mkfifo', [pipe])
      const before = await untilSteady(() => host.resident())
      const size = 128 * MEGABYTE
      const upload = httpRequest({
        port: host.port,
        host: '127.0.0.1',
        path: `/cgi-bin/read-slowly.cgi?${pipe}`,
        method: 'POST',
        headers: { 'Content-Length': size },
        agent: false,
      })
      const responded = once(upload, 'response')
      const chunk = Buffer.alloc(MEGABYTE)
      let sent = 0
      const feed = (): void => {
        while (sent < size) {
          sent += chunk.length
          if (!upload.write(chunk)) return
        }
        upload.end()
        upload.off('drain', feed)
      }
      upload.on('drain', feed)
      feed()
      const stalled = await untilSteady(() => host.resident())
      assert.ok(sent < size / 2, `${sent} bytes were taken before the script read any`)
      assert.ok(stalled - before < MOST_GROWTH, `${(stalled - before) / MEGABYTE} MB while stalled`)
      writeFileSync(pipe, '\n')
      const flowing = await leastWhile(host, () => sent / size)
      assert.ok(flowing - before < MOST_GROWTH, `${(flowing - before) / MEGABYTE} MB while flowing`)
      report(t, stalled - before, flowing - before)
      const [response] = (await responded) as [IncomingMessage]
      assert.equal((await receive(response)).text.trim(), String(size))
    })
  })
}

/**
 * The least that a host needs while something passes: what is held shows in every look, what is only
 * waiting for the garbage collector does not. The first look is when more has passed than may be held.
 */
async function leastWhile(host: HostProcess, share: () => number): Promise<number> {
  const looks: number[] = []
  for (const part of [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]) {
    await until(() => share() > part, `${part} of it has passed`)
    looks.push(await host.resident())
  }
  return Math.min(...looks)
}

function report(t: Test, stalled: number, flowing: number): void {
  const megabytes = [stalled, flowing].map((bytes) => (bytes / MEGABYTE).toFixed(1))
  t.comment(`grew by ${megabytes[0]} MB while stalled, by ${megabytes[1]} MB while flowing`)
}
