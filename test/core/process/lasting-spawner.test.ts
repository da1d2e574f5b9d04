import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import {
  createSpawner,
  openListeningSocket,
  type SupervisedProcess,
} from '@common-gateway/core/transport'
import { needsRoot } from '../../apps/programs.js'
import { createTemporaryFolder } from '../temporary-folder.js'
import { childrenOf, commandOf, isRunning, until, untilGone } from '../../support/processes.js'

const BOUNDED = { timeout: 60_000 }
const AS_ROOT = { ...BOUNDED, ...needsRoot() }
const NOBODY = 65_534
const GUARD = 'common-gateway'

/** Reads an output to its end. */
function readAll(output: SupervisedProcess['stdout']): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    output.readBy({
      data: (chunk) => void (text += chunk.toString('latin1')),
      end: () => resolve(text),
      error: reject,
    })
    output.resume()
  })
}

const shell = (text: string): readonly [string, ...string[]] => ['/bin/sh', '-c', text]
const PLAIN = { cwd: '/', environment: {}, stdin: 'null' } as const

for (const choice of ['posix_spawn', 'child_process'] as const) {
  void t.test(`a spawner of processes that stay, by ${choice}`, async (t) => {
    void t.test('UP-8 a process has what it was given, and nothing else', BOUNDED, async () => {
      const spawner = createSpawner({ spawner: choice })
      const command = shell('exec /usr/bin/env')
      const started = await spawner.spawn({ ...PLAIN, command, environment: { ONE: '1' } })
      const variables = (await readAll(started.stdout)).trim().split('\n')
      // The shell may set some of its own.
      const own = variables.filter((line) => !/^(?:PWD|OLDPWD|SHLVL|_)=/.test(line))
      assert.deepEqual(own, ['ONE=1'])
      assert.deepEqual(await started.exit, { exitCode: 0, signal: null })
    })

    void t.test('UP-8 a listening socket is its standard input, and blocks', BOUNDED, async (t) => {
      const file = path.join(createTemporaryFolder(t), 'socket')
      const socket = await openListeningSocket(file)
      const command = shell('exec cat /proc/self/fdinfo/0')
      const spawner = createSpawner({ spawner: choice })
      const started = await spawner.spawn({ ...PLAIN, command, stdin: socket.descriptor })
      socket.close()
      const [, flags = ''] = /^flags:\s*(\d+)$/m.exec(await readAll(started.stdout)) ?? []
      const O_NONBLOCK = 0o4000
      assert.equal(Number.parseInt(flags, 8) & O_NONBLOCK, 0)
      await started.exit
      // Nothing holds it any more, and the file is still there.
      const [error] = (await once(connect(file), 'error')) as [Error & { code?: string }]
      assert.equal(error.code, 'ECONNREFUSED')
    })

    void t.test('LIM-3 limits and rights are those of the options', AS_ROOT, async () => {
      const spawner = createSpawner({
        spawner: choice,
        user: 'nobody',
        openFileLimit: 64,
        fileSizeLimit: 1024,
        memoryLimit: 2 ** 30,
        nice: 3,
      })
      const command = shell('id -u; ulimit -n; cut -d" " -f19 /proc/self/stat')
      const started = await spawner.spawn({
        ...PLAIN,
        command,
        environment: { PATH: '/usr/bin:/bin' },
      })
      assert.equal(await readAll(started.stdout), `${NOBODY}\n64\n3\n`)
      const missing = await spawner.spawn({ ...PLAIN, command: ['/bin/sh', '/nonexistent'] })
      assert.notEqual((await missing.exit).exitCode, 0)
    })

    void t.test('LIFE-1 terminate ends a process and its children', BOUNDED, async () => {
      const spawner = createSpawner({ spawner: choice })
      const command = shell(`trap '' TERM; sleep 600 & echo $!; read line < /dev/zero`)
      const started = await spawner.spawn({ ...PLAIN, command: command })
      const [line] = await new Promise<string[]>((resolve) => {
        started.stdout.readBy({
          data: (chunk) => resolve(String(chunk).split('\n')),
          end() {},
          error() {},
        })
        started.stdout.resume()
      })
      await started.terminate(100)
      await untilGone(started.pid, Number(line))
      assert.equal((await started.exit).signal, 'SIGKILL')
      started.stdout.destroy()
      started.stderr.destroy()
    })

    void t.test('LIFE-6 they end with a process that SIGKILL ends', BOUNDED, async (t) => {
      const host = await startHost(t, choice, '')
      const [pid = 0, child = 0] = host.pids
      assert.ok(isRunning(pid) && isRunning(child))
      host.kill('SIGKILL')
      await untilGone(pid, child)
    })

    void t.test('LIFE-6 they end with a worker thread', BOUNDED, async (t) => {
      const host = await startHost(t, 'auto', 'in a thread')
      const [pid = 0, child = 0] = host.pids
      host.kill('SIGUSR1')
      await untilGone(pid, child)
      assert.ok(isRunning(host.pid))
    })

    void t.test('LIFE-6 they do not keep an application alive', BOUNDED, async (t) => {
      const host = await startHost(t, choice, '', 'started.unref()')
      const [pid = 0, child = 0] = host.pids
      assert.deepEqual(await host.ended, [0, null])
      await untilGone(pid, child)
    })

    void t.test('LIFE-6 no shell waits when there is nothing to wait for', BOUNDED, async () => {
      const guards = (): number[] =>
        childrenOf(process.pid).filter((pid) => commandOf(pid).endsWith(GUARD))
      const started = await createSpawner({ spawner: choice }).spawn({
        ...PLAIN,
        command: shell('exec sleep 600'),
      })
      await until(() => guards().length === 1, 'a shell waits')
      await started.terminate(1_000)
      await until(() => guards().length === 0, 'the shell has ended')
    })
  })
}

void t.test('UP-8 a socket whose path is too long is refused', async (t) => {
  const file = path.join(createTemporaryFolder(t), 'x'.repeat(108))
  await assert.rejects(openListeningSocket(file), { code: 'ENAMETOOLONG' })
})

void t.test('a spawner of processes that stay refuses wrong options', async () => {
  assert.throws(() => createSpawner({ openFileLimit: -1 }), { code: 'CGI_ERR_INVALID_OPTION' })
  assert.throws(() => createSpawner({ user: 'nobody-of-that-name' }), {
    code: 'CGI_ERR_INVALID_OPTION',
  })
})

interface Host {
  readonly pid: number
  readonly pids: readonly number[]
  readonly ended: Promise<unknown[]>
  kill(signal: NodeJS.Signals): void
}

/** Starts an application that starts a shell with a child, perhaps in a thread that SIGUSR1 terminates. */
async function startHost(
  t: Test,
  choice: string,
  where: '' | 'in a thread',
  more = '',
): Promise<Host> {
  const file = path.join(createTemporaryFolder(t), 'host.mjs')
  const module = JSON.stringify(import.meta.resolve('@common-gateway/core/transport'))
  writeFileSync(
    file,
    `import { isMainThread, Worker } from 'node:worker_threads'
import { createSpawner } from ${module}
if (isMainThread && ${where !== ''}) {
  const worker = new Worker(new URL(import.meta.url), { stderr: true })
  process.once('SIGUSR1', () => worker.terminate())
  setInterval(() => {}, 1000)
} else {
  const started = await createSpawner({ spawner: '${choice}', logger: { warn() {}, error() {} } }).spawn({
    command: ['/bin/sh', '-c', 'sleep 600 & echo $!; wait'],
    cwd: '/', environment: { PATH: '/usr/bin:/bin' }, stdin: 'null',
  })
  started.stdout.readBy({ data: (chunk) => console.log(started.pid + ' ' + chunk), end() {}, error() {} })
  started.stdout.resume()
  ${more === '' ? '' : `setTimeout(() => { ${more} }, 300)`}
}`,
  )
  const child = spawn(process.execPath, [file], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  t.after(async () => {
    child.kill('SIGKILL')
    await exit
  })
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const pids = String(line).trim().split(/\s+/).map(Number)
  t.after(() => {
    for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL')
  })
  return { pid: child.pid ?? 0, pids, ended: exit, kill: (signal) => void child.kill(signal) }
}
