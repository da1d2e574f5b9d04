import assert from 'node:assert/strict'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { open, type Receiving, send } from '../../support/client.js'
import { APPLICATIONS, type EndingHost, startEndingHost } from '../../support/ending-host.js'
import { until } from '../../support/processes.js'
import { isForked, processesOf, SCRIPT_NAMES, writeScripts } from './warm-site.js'

const OPTIONS = { ...needs('/usr/bin/python3'), ...needs('/usr/bin/perl'), timeout: 120_000 }

const IMPORT = `import { warm } from ${JSON.stringify(import.meta.resolve('@common-gateway/warm'))}\n`

/** The gateway of an application. */
const gatewayOf = (folder: string): string =>
  `{ root: ${JSON.stringify(folder)}, spawner: warm({ after: 1 }), logger: { warn() {}, error() {} } }`

interface WarmHost {
  readonly host: EndingHost
  readonly folder: string
}

interface Scripts {
  readonly names?: readonly string[]
  /** Whether a script waits, and writes nothing. */
  readonly waits: boolean
}

/** Starts a host with a warm stream of each script. */
async function startWarmHost(
  t: Test,
  textOf: (gateway: string) => string,
  { names = SCRIPT_NAMES, waits }: Scripts,
): Promise<WarmHost> {
  const folder = createTemporaryFolder(t)
  writeScripts(folder)
  await delay(2_100)
  const host = await startEndingHost(t, IMPORT + textOf(gatewayOf(folder)))
  t.after(() => processesOf(folder).forEach((pid) => process.kill(pid, 'SIGKILL')))
  for (const name of names) {
    await until(() => hasWarmStream(host.port, name), `${name} is warm`)
    if (waits) void send(host.port, `/cgi-bin/${name}?wait`).catch(() => {})
    await send(host.port, `/cgi-bin/${name}?`)
  }
  return { host, folder }
}

/** Starts a stream, which goes on if it is warm. */
async function hasWarmStream(port: number, name: string): Promise<boolean> {
  const stream: Receiving = await open(port, `/cgi-bin/${name}?stream`)
  stream.on('error', () => {})
  const [pid] = (await once(stream, 'data')) as [Buffer]
  if (isForked(Number.parseInt(String(pid), 10))) return true
  stream.destroy()
  return false
}

const untilNothingIsLeft = (folder: string): Promise<void> =>
  until(() => processesOf(folder).length === 0, 'no process is left')

for (const [name, application] of Object.entries(APPLICATIONS)) {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    void t.test(`LIFE-6 ${name} with warm() ends by ${signal}`, OPTIONS, async (t) => {
      const { host, folder } = await startWarmHost(t, application, {
        // After SIGKILL, a script ends when it writes, as a plain one.
        waits: signal !== 'SIGKILL',
      })
      host.kill(signal)
      assert.deepEqual(await host.ended, [null, signal])
      await untilNothingIsLeft(folder)
    })
  }
}

void t.test('LIFE-6 a worker thread with warm() is terminated', OPTIONS, async (t) => {
  const { host, folder } = await startWarmHost(
    t,
    (gateway) => `
      import { Worker, isMainThread } from 'node:worker_threads'
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url))
        process.on('SIGUSR1', async () => { await worker.terminate(); console.log('terminated') })
      } else {
        ${APPLICATIONS['node:http'](gateway)}
      }`,
    // node:child_process hands on the descriptors of this process; with one, a fork server of Perl starts nothing.
    { names: ['page.py'], waits: true },
  )
  host.kill('SIGUSR1')
  assert.equal(await host.nextLine(), 'terminated')
  await untilNothingIsLeft(folder)
})

void t.test('LIFE-6 a worker of a cluster with warm() is killed', OPTIONS, async (t) => {
  const { host, folder } = await startWarmHost(
    t,
    (gateway) => `
      import cluster from 'node:cluster'
      if (cluster.isPrimary) {
        const worker = cluster.fork()
        worker.on('exit', (code, signal) => console.log('worker ' + signal))
        process.on('SIGUSR1', () => worker.process.kill('SIGKILL'))
      } else {
        ${APPLICATIONS['node:http'](gateway)}
      }`,
    { waits: false },
  )
  host.kill('SIGUSR1')
  assert.equal(await host.nextLine(), 'worker SIGKILL')
  await untilNothingIsLeft(folder)
})
