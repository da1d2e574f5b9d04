import type { CgiRun } from '@common-gateway/core'
import { warm } from '@common-gateway/warm'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import {
  type Adapter,
  adapters,
  fastify5Http2,
  nodeHttp,
  type RunningGateway,
  type Setup,
} from '../../support/adapters.js'
import { dial, leave, open, readToEnd, send } from '../../support/client.js'
import { descriptorsOf, until } from '../../support/processes.js'
import {
  isForked,
  LARGE_SIZE,
  processesOf,
  SCRIPT_NAMES,
  warmUp,
  writeScripts,
} from './warm-site.js'

const OPTIONS = { ...needs('/usr/bin/python3'), ...needs('/usr/bin/perl'), timeout: 180_000 }
const folder = createTemporaryFolder(t)
writeScripts(folder)
const areOld = delay(2_100)

/** An application whose scripts are warm, and all runs that its gateway has told of. */
class WarmApplication {
  readonly gateway: RunningGateway
  readonly runs: readonly CgiRun[]
  readonly #descriptors: number

  constructor(gateway: RunningGateway, runs: readonly CgiRun[], descriptors: number) {
    this.gateway = gateway
    this.runs = runs
    this.#descriptors = descriptors
  }

  static async start(
    t: Test,
    adapter: Adapter,
    options: Setup['options'] = {},
  ): Promise<WarmApplication> {
    await areOld
    const runs: CgiRun[] = []
    const onEnd = (run: unknown): void => void runs.push(run as CgiRun)
    subscribe('common-gateway:run:end', onEnd)
    const descriptors = descriptorsOf(process.pid).length
    const gateway = await adapter.start({
      options: { root: folder, spawner: warm({ after: 1 }), killTimeout: 500, ...options },
    })
    t.after(async () => {
      await gateway.close()
      unsubscribe('common-gateway:run:end', onEnd)
    })
    for (const name of SCRIPT_NAMES) await warmUp(gateway, name)
    return new WarmApplication(gateway, runs, descriptors)
  }

  /** No script runs, and all slots are free. */
  async untilIdle(): Promise<void> {
    await until(() => {
      const { running, queued, started } = this.gateway.stats()
      return running === 0 && queued === 0 && started === this.runs.length
    }, 'no script runs, and each exit was told')
    const servers = (this.gateway.stats().warm?.scripts ?? []).map(({ pid }) => pid)
    await until(() => {
      const scripts = processesOf(folder).filter((pid) => !servers.includes(pid))
      // A fork server tries modules in a process of its own.
      return scripts.length === 0
    }, 'the processes have ended')
  }

  /** Nothing is left of the application. */
  async untilGone(): Promise<void> {
    await until(() => processesOf(folder).length === 0, 'no process is left')
    await until(
      () => descriptorsOf(process.pid).length <= this.#descriptors,
      'no descriptor is left',
    )
  }
}

for (const adapter of [...adapters, fastify5Http2]) {
  void t.test(`WARM-44 (${adapter.name})`, OPTIONS, async (t) => {
    void t.test('WARM-44 bodies and answers of slow clients arrive whole', async (t) => {
      const { gateway, runs } = await WarmApplication.start(t, adapter)
      for (const name of SCRIPT_NAMES) {
        const before = runs.length
        const body = Readable.from(slowly('x'.repeat(1_000), 20))
        const sent = await send(gateway, `/cgi-bin/${name}?size`, { method: 'POST', body })
        assert.equal(sent.text, '20000\n')
        const answer = await open(gateway, `/cgi-bin/${name}?large`)
        let size = 0
        for await (const chunk of answer) {
          size += (chunk as Buffer).length
          await delay(1)
        }
        assert.equal(size, LARGE_SIZE)
        assert.ok(runs.slice(before).every(({ exitCode }) => exitCode === 0))
      }
    })

    void t.test('WARM-44 clients that leave free slots and processes', async (t) => {
      const application = await WarmApplication.start(t, adapter, { maxProcesses: 4 })
      const { gateway, runs } = application
      for (const name of SCRIPT_NAMES) {
        for (const after of [0, 5, 50, 200]) {
          await Promise.all(
            Array.from({ length: 6 }, (_, index) =>
              leaveAfter(gateway, `/cgi-bin/${name}?wait`, after + index),
            ),
          )
        }
        const streams = await Promise.all(
          Array.from({ length: 4 }, () => open(gateway, `/cgi-bin/${name}?stream`)),
        )
        for (const stream of streams) {
          stream.on('error', () => {})
          await once(stream, 'data')
          leave(stream)
        }
        await application.untilIdle()
        assert.equal((await send(gateway, `/cgi-bin/${name}?`)).text, 'answer\n')
      }
      const ended = runs.filter(({ isWarm, signal }) => isWarm && signal === 'SIGTERM')
      assert.ok(ended.length > 0, 'warm scripts were stopped')
    })

    void t.test('WARM-44 the end of the application leaves nothing', async (t) => {
      const options = { maxProcesses: 3, closeTimeout: 100 }
      const application = await WarmApplication.start(t, adapter, options)
      const { gateway, runs } = application
      const asked = SCRIPT_NAMES.flatMap((name) =>
        ['stream', 'wait', 'wait'].map((query) =>
          send(gateway, `/cgi-bin/${name}?${query}`).catch((error: unknown) => error),
        ),
      )
      await until(() => {
        const { running, queued } = gateway.stats()
        return running === 3 && queued === 3
      }, 'three run, and three wait')
      await until(() => processesOf(folder).filter(isForked).length > 2, 'one of them is warm')
      await gateway.close()
      await Promise.all(asked)
      assert.equal(gateway.stats().running, 0)
      assert.equal(gateway.stats().started, runs.length)
      await application.untilGone()
    })
  })
}

void t.test('WARM-44 LIM-4 a client that sends nothing more frees its slot', OPTIONS, async (t) => {
  const application = await WarmApplication.start(t, nodeHttp, { minRate: 10_000 })
  const { gateway } = application
  for (const name of SCRIPT_NAMES) {
    const socket = await dial(gateway)
    socket.write(
      `POST /cgi-bin/${name}?size HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nhalf`,
    )
    assert.match(await readToEnd(socket), /^HTTP\/1\.1 (?:200|408)/)
    await application.untilIdle()
  }
})

async function* slowly(chunk: string, count: number): AsyncGenerator<string> {
  for (let sent = 0; sent < count; sent += 1) {
    yield chunk
    await delay(5)
  }
}

/** Sends a request, and leaves after a time, whatever has become of it. */
async function leaveAfter(gateway: RunningGateway, path: string, after: number): Promise<void> {
  const controller = new AbortController()
  const asked = open(gateway, path, { signal: controller.signal }).then(
    (response) => response.on('error', () => {}),
    () => {},
  )
  await delay(after)
  controller.abort()
  // The request of HTTP/1.1 that is reset before its answer settles no promise.
  await Promise.race([asked, delay(1_000)])
}
