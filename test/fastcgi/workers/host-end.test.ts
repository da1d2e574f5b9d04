import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { send } from '../../support/client.js'
import { BOUNDED, type EndingHost, SIGNALS, startEndingHost } from '../../support/ending-host.js'
import { isRunning, until, untilGone } from '../../support/processes.js'
import { APPLICATION } from './pools.js'

const folder = createTemporaryFolder(t)
process.env['TMPDIR'] = folder

/** An application whose gateway has workers; each line that they write is printed. */
const host = (more = ''): string => `
  const gateway = cgi({
    prefix: '/',
    script: fastcgi({ spawn: ${JSON.stringify(APPLICATION)}, processes: 2 }),
    logger: { warn(facts, message) { console.log(message) }, error() {} },
  })
  const server = createServer((request, response) => {
    gateway(request, response, (error) => response.writeHead(error?.statusCode ?? 404).end())
  })
  server.listen(0, '127.0.0.1', () => console.log(server.address().port))
  ${more}`

/** Starts a worker that hangs, with a child, and one that waits for requests. */
async function startWorkers(t: Test, started: EndingHost): Promise<number[]> {
  const { port } = started
  void send(port, '/?hang').catch(() => {})
  let line = ''
  while (!line.startsWith('hanging')) line = await started.nextLine()
  const { text } = await send(port, '/')
  const pids = [...line.split(' ').slice(1), text].map(Number)
  assert.equal(pids.filter(isRunning).length, 3)
  t.after(() => {
    for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL')
  })
  return pids
}

function socketFolders(): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('common-gateway-workers-'))
}

void t.test('workers end with their application', async (t) => {
  for (const signal of SIGNALS) {
    void t.test(`LIFE-6 by ${signal}`, BOUNDED, async (t) => {
      const started = await startEndingHost(t, host())
      const pids = await startWorkers(t, started)
      assert.equal(socketFolders().length, 1)
      started.kill(signal)
      assert.deepEqual(await started.ended, [null, signal])
      await untilGone(...pids)
      assert.deepEqual(socketFolders(), [])
    })
  }

  const ENDS: readonly [how: string, act: string, exitCode: number][] = [
    ['process.exit()', 'process.exit(3)', 3],
    ['an uncaught error', 'throw new Error("on purpose")', 1],
    ['a rejection', 'Promise.reject(new Error("on purpose"))', 1],
  ]
  for (const [how, act, exitCode] of ENDS) {
    void t.test(`LIFE-6 by ${how}`, BOUNDED, async (t) => {
      const started = await startEndingHost(t, host(`process.on('SIGUSR1', () => { ${act} })`))
      const pids = await startWorkers(t, started)
      started.kill('SIGUSR1')
      assert.deepEqual(await started.ended, [exitCode, null])
      await untilGone(...pids)
      assert.deepEqual(socketFolders(), [])
    })
  }

  void t.test('LIFE-6 by SIGKILL', BOUNDED, async (t) => {
    const started = await startEndingHost(t, host())
    const pids = await startWorkers(t, started)
    started.kill('SIGKILL')
    assert.deepEqual(await started.ended, [null, 'SIGKILL'])
    await untilGone(...pids)
  })

  void t.test('LIFE-6 workers that wait do not keep an application alive', BOUNDED, async (t) => {
    const more = `process.on('SIGUSR1', () => { server.close(); server.closeAllConnections() })`
    const started = await startEndingHost(t, host(more))
    const pid = Number((await send(started.port, '/')).text)
    assert.ok(isRunning(pid))
    started.kill('SIGUSR1')
    assert.deepEqual(await started.ended, [0, null])
    await untilGone(pid)
  })

  void t.test('LIFE-6 the worker threads of an application', BOUNDED, async (t) => {
    const thread = `
      import { Worker, isMainThread } from 'node:worker_threads'
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url))
        process.on('SIGUSR1', async () => { await worker.terminate(); console.log('terminated') })
      } else {
        ${host()}
      }`
    const started = await startEndingHost(t, thread)
    const pids = await startWorkers(t, started)
    started.kill('SIGUSR1')
    let line = ''
    while (line !== 'terminated') line = await started.nextLine()
    await untilGone(...pids)
    const other = await startEndingHost(t, thread)
    const others = await startWorkers(t, other)
    other.kill('SIGKILL')
    await untilGone(...others)
  })

  void t.test('LIFE-6 each process of a cluster has workers of its own', BOUNDED, async (t) => {
    const cluster = `
      import cluster from 'node:cluster'
      if (cluster.isPrimary) {
        const [first] = [cluster.fork(), cluster.fork()]
        first.on('exit', () => console.log('ended'))
        process.on('SIGUSR1', () => first.process.kill('SIGKILL'))
      } else {
        ${host()}
      }`
    const started = await startEndingHost(t, cluster)
    const pids = new Set<number>()
    await until(async () => {
      pids.add(Number((await send(started.port, '/')).text))
      return pids.size === 2
    }, 'each process has answered')
    t.after(() => {
      for (const pid of [...pids].filter(isRunning)) process.kill(pid, 'SIGKILL')
    })
    started.kill('SIGUSR1')
    // Until then, the primary process may hand a connection to the one that is no more.
    while ((await started.nextLine()) !== 'ended');
    await until(() => [...pids].filter(isRunning).length === 1, 'the workers of one have ended')
    const [left] = [...pids].filter(isRunning)
    for (let requests = 0; requests < 5; requests += 1) {
      assert.equal(Number((await send(started.port, '/')).text), left)
    }
    started.kill('SIGTERM')
    await untilGone(...pids)
  })

  void t.test('LIFE-6 the processes of a cluster', BOUNDED, async (t) => {
    const cluster = `
      import cluster from 'node:cluster'
      if (cluster.isPrimary) {
        const worker = cluster.fork()
        worker.on('exit', (code, signal) => console.log('ended by ' + (signal ?? code)))
        process.on('SIGUSR1', () => worker.process.kill('SIGTERM'))
      } else {
        ${host()}
      }`
    const started = await startEndingHost(t, cluster)
    const pids = await startWorkers(t, started)
    started.kill('SIGUSR1')
    let line = ''
    while (!line.startsWith('ended')) line = await started.nextLine()
    assert.equal(line, 'ended by SIGTERM')
    await untilGone(...pids)
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const other = await startEndingHost(t, cluster)
      const others = await startWorkers(t, other)
      other.kill(signal)
      await untilGone(...others)
    }
  })
})
