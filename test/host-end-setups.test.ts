import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import t from 'tap'
import { utimesSync } from 'node:fs'
import path from 'node:path'
import { needs, needsRoot } from './apps/programs.js'
import { open, send } from './support/client.js'
import { createTemporaryFolder, writeProgram } from './core/temporary-folder.js'
import {
  APPLICATIONS,
  BOUNDED,
  plain,
  ROOT,
  SPAWNERS,
  startEndingHost,
  startHostedScript,
} from './support/ending-host.js'
import { childrenOf, until, untilGone } from './support/processes.js'

void t.test('scripts end with their host, in more ways to run one', { jobs: 2 }, async (t) => {
  void t.test(
    'LIFE-6 a host that hangs while it exits still ends by a signal',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const fifo = path.join(createTemporaryFolder(t), 'fifo')
      execFileSync('mkfifo', [fifo])
      // Node waits for its threads, each of which sleeps in open(2).
      const act = `for (let each = 0; each < 16; each += 1) openFile(${JSON.stringify(fifo)}, () => {}); process.exit()`
      const host = await startEndingHost(
        t,
        plain(
          'posix_spawn',
          `process.on('SIGUSR1', () => { ${act} })`,
          `import { open as openFile } from 'node:fs'`,
        ),
      )
      const { pids } = await startHostedScript(t, host.port)
      host.kill('SIGUSR1')
      await untilGone(...pids)
      host.kill('SIGTERM')
      assert.deepEqual(await host.ended, [null, 'SIGTERM'])
    },
  )

  void t.test(
    'LIFE-6 after the application has removed all listeners',
    { buffered: true, ...BOUNDED },
    async (t) => {
      for (const event of [`'SIGTERM'`, `'SIGTERM'); process.removeAllListeners('exit'`]) {
        const more = `process.once('SIGUSR1', () => { process.removeAllListeners(${event}); setImmediate(console.log, 'removed') })`
        for (const signal of ['SIGTERM', 'SIGINT'] as const) {
          const host = await startEndingHost(t, plain('auto', more))
          const { pids } = await startHostedScript(t, host.port)
          host.kill('SIGUSR1')
          assert.equal(await host.nextLine(), 'removed')
          host.kill(signal)
          assert.deepEqual(await host.ended, [null, signal])
          await untilGone(...pids)
        }
      }
    },
  )

  void t.test(
    'LIFE-6 the package signal-exit and its users come to their turn',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const module = JSON.stringify(import.meta.resolve('signal-exit'))
      const use = `const { onExit } = await import(${module}); onExit((code, signal) => console.log('told of ' + signal))`
      for (const [before, more] of [
        [use, ''],
        ['', `process.once('SIGUSR1', async () => { ${use}; console.log('there') })`],
      ] as const) {
        const host = await startEndingHost(t, plain('auto', more, before))
        const { pids } = await startHostedScript(t, host.port)
        if (more !== '') {
          host.kill('SIGUSR1')
          assert.equal(await host.nextLine(), 'there')
        }
        host.kill('SIGTERM')
        assert.equal(await host.nextLine(), 'told of SIGTERM')
        assert.deepEqual(await host.ended, [null, 'SIGTERM'])
        await untilGone(...pids)
      }
    },
  )

  /** Gives each import of the gateway that ends in `?copy=` files of its own. */
  const COPIES = `
    import { register } from 'node:module'
    register('data:text/javascript,' + encodeURIComponent(\`
      export async function resolve(specifier, context, next) {
        const result = await next(specifier, context)
        const copy = /[?]copy=.*/.exec(specifier)?.[0] ?? /[?]copy=.*/.exec(context.parentURL ?? '')?.[0]
        const isOurs = /packages.(core|express).dist/.test(result.url) && !result.url.includes('?')
        return copy && isOurs ? { ...result, url: result.url + copy } : result
      }\`))
    const gateways = []
    for (let copy = 0; copy < 15; copy += 1) {
      const { default: cgi } = await import(${JSON.stringify(import.meta.resolve('@common-gateway/express'))} + '?copy=' + copy)
      gateways.push(cgi({ root }))
    }
    const counts = () => ['exit', 'SIGCHLD', 'SIGTERM'].map((event) => process.listenerCount(event)).join()
    process.on('warning', (warning) => console.log(warning.name + ' ' + warning.message))
    let asked = 0
    const server = createServer((request, response) => {
      if (request.url === '/counts') { response.end(counts()); return }
      gateways[asked++ % gateways.length](request, response, (error) => response.writeHead(error?.statusCode ?? 404).end())
    })
    server.listen(0, '127.0.0.1', () => console.log(server.address().port))`

  void t.test(
    'LIFE-6 many copies of the gateway in one process listen once',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const host = await startEndingHost(t, COPIES)
      const scripts = []
      for (let count = 0; count < 15; count += 1)
        scripts.push(await startHostedScript(t, host.port))
      const response = await fetch(`http://127.0.0.1:${host.port}/counts`)
      assert.equal(await response.text(), '1,1,1')
      host.kill('SIGTERM')
      assert.deepEqual(await host.ended, [null, 'SIGTERM'])
      await untilGone(...scripts.flatMap(({ pids }) => pids))
      await assert.rejects(host.nextLine(), /has ended/, 'there was no warning')
    },
  )

  void t.test(
    'LIFE-6 a worker thread that is terminated',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const worker = `
      import { Worker, isMainThread, parentPort } from 'node:worker_threads'
      if (isMainThread) {
        const worker = new Worker(new URL(import.meta.url))
        process.on('SIGUSR1', async () => { await worker.terminate(); console.log('terminated') })
      } else {
        ${plain('auto')}
      }`
      const host = await startEndingHost(t, worker)
      const scripts = [await startHostedScript(t, host.port), await startHostedScript(t, host.port)]
      // What has ended by itself is not the guard's any more.
      const ended = await startHostedScript(t, host.port, 'finish.cgi')
      await untilGone(...ended.pids)
      host.kill('SIGUSR1')
      assert.equal(await host.nextLine(), 'terminated')
      await untilGone(...scripts.flatMap(({ pids }) => pids))
      for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
        const other = await startEndingHost(t, worker)
        const { pids } = await startHostedScript(t, other.port)
        other.kill(signal)
        assert.deepEqual(await other.ended, [null, signal])
        await untilGone(...pids)
      }
    },
  )

  void t.test('LIFE-6 the workers of a cluster', { buffered: true, ...BOUNDED }, async (t) => {
    const cluster = `
      import cluster from 'node:cluster'
      if (cluster.isPrimary) {
        const worker = cluster.fork()
        worker.on('exit', (code, signal) => console.log('worker ' + (signal ?? code)))
        process.on('SIGUSR1', () => worker.process.kill('SIGTERM'))
      } else {
        ${plain('auto')}
      }`
    const host = await startEndingHost(t, cluster)
    const first = await startHostedScript(t, host.port)
    host.kill('SIGUSR1')
    assert.equal(await host.nextLine(), 'worker SIGTERM')
    await untilGone(...first.pids)
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const other = await startEndingHost(t, cluster)
      const { pids } = await startHostedScript(t, other.port)
      other.kill(signal)
      await untilGone(...pids)
    }
  })

  void t.test(
    'LIFE-6 node --watch, which restarts its host',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const host = await startEndingHost(t, plain('auto'), { nodeArguments: ['--watch'] })
      const { pids } = await startHostedScript(t, host.port)
      const now = new Date()
      utimesSync(host.file, now, now)
      await untilGone(...pids)
      let line = ''
      // Node says that it restarts, in words that differ from version to version.
      while (!/^\d+$/.test(line)) line = await host.nextLine()
      const second = await startHostedScript(t, Number(line))
      host.kill('SIGTERM')
      await untilGone(...second.pids)
    },
  )

  void t.test(
    'LIFE-6 a start that hangs in the kernel',
    { buffered: true, ...BOUNDED, ...needs('python3') },
    async (t) => {
      const script = writeProgram(ROOT, 'hang.cgi', '#!/bin/sh\nexec sleep 1000\n')
      // Whoever opens the file waits until its lease is given back: fcntl(2), F_SETLEASE.
      const lease = `
import fcntl, os, signal, sys
signal.signal(signal.SIGIO, signal.SIG_IGN)
file = os.open(sys.argv[1], os.O_RDWR)
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held', flush=True)
signal.pause()`
      const holder = spawn('python3', ['-c', lease, script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      t.after(() => holder.kill('SIGKILL'))
      await once(holder.stdout, 'data')
      for (const end of ['SIGTERM', 'SIGUSR1'] as const) {
        const more = `process.on('SIGUSR1', () => process.exit(3))`
        const host = await startEndingHost(t, plain('posix_spawn', more))
        const request = open(host.port, '/cgi-bin/hang.cgi').catch(() => {})
        await until(() => childrenOf(host.pid).length > 0, 'a script is being started')
        const children = childrenOf(host.pid)
        host.kill(end)
        assert.deepEqual(await host.ended, end === 'SIGTERM' ? [null, end] : [3, null])
        await untilGone(...children)
        await request
      }
    },
  )

  void t.test(
    'LIFE-6 with `user`, the kernel ends the script of a host that is killed',
    { buffered: true, ...BOUNDED, ...needsRoot() },
    async (t) => {
      for (const spawner of SPAWNERS) {
        const options = `{ root, spawner: '${spawner}', user: 'nobody' }`
        const host = await startEndingHost(t, APPLICATIONS['node:http'](options))
        const { pids } = await startHostedScript(t, host.port)
        host.kill('SIGKILL')
        await host.ended
        await untilGone(...pids.slice(0, 1))
      }
    },
  )

  void t.test(
    'LIFE-6 a host that is the first process of a container closes, though it collects no zombies',
    { buffered: true, ...BOUNDED, ...needsRoot() },
    async (t) => {
      for (const spawner of SPAWNERS) {
        const text = `
          const gateway = cgi({ root, spawner: '${spawner}', killTimeout: 3_600_000, closeTimeout: 0 })
          const server = createServer(async (request, response) => {
            if (request.url !== '/close') return gateway(request, response, () => response.end())
            await gateway.close()
            response.end('closed by ' + process.pid)
          })
          server.listen(0, '127.0.0.1', () => console.log(server.address().port))`
        const through = ['unshare', '--pid', '--kill-child', '--fork', '--mount-proc']
        const host = await startEndingHost(t, text, { through })
        const response = await open(host.port, '/cgi-bin/wait.cgi')
        response.on('error', () => {})
        await once(response, 'data')
        const closed = await send(host.port, '/close')
        assert.equal(closed.text, 'closed by 1')
      }
    },
  )
})
