import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { fileURLToPath } from 'node:url'
import { needs } from '../cli/program.js'
import { isRunning, processesWith, until, untilGone } from '../support/processes.js'

const PROGRAM = fileURLToPath(new URL('../../fixtures/warm/fork-server.py', import.meta.url))
const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 60_000 }

const MARK = `of the process ${process.pid}`

/** A process with a fork server that is ready; it prints the pid of the fork server and more. */
const HOST = `
import { createSpawner } from '@common-gateway/core/transport'
import { ForkServer } from '@internal/warm/server/fork-server.js'
const interpreter = { language: 'python', program: ${JSON.stringify(PROGRAM)}, flags: [], isShim: false, decisive: [] }
const description = { interpreter, script: '/a', cwd: '/', environment: { PATH: process.env.PATH }, modules: [] }
const server = new ForkServer(createSpawner(), description, () => {})
const run = (line) => server.request(
  { command: ['/a'], cwd: '/', environment: { PATH: process.env.PATH, HTTP_DO: line }, stdin: 'null' }, [])
while (!server.isReady) await new Promise((resolve) => setTimeout(resolve, 5))
`

interface Host {
  readonly child: ChildProcess
  /** Resolves with the pids that it prints. */
  readonly pids: Promise<number[]>
  readonly ended: Promise<unknown[]>
}

function startHost(t: Test, act: string): Host {
  const child = spawn(process.execPath, ['--input-type=module', '-e', HOST + act], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  const lines = createInterface({ input: child.stdout ?? process.stdin })
  return {
    child,
    pids: once(lines, 'line').then(([line]) => String(line).split(' ').map(Number)),
    ended: once(child, 'exit'),
  }
}

void t.test('WARM-10 an idle fork server lets the process end', WITH_PYTHON, async (t) => {
  const host = startHost(t, 'console.log(server.pid)')
  const pids = await host.pids
  assert.deepEqual(await host.ended, [0, null])
  await untilGone(...pids)
})

void t.test('WARM-10 a process runs on until the script has ended', WITH_PYTHON, async (t) => {
  const host = startHost(
    t,
    `const script = await run('exec >&- 2>&-; sleep 1; exit 3')
     script.stdout.readBy({ data() {}, end() {}, error() {} })
     script.stdout.resume()
     script.exit.then(({ exitCode }) => { process.exitCode = exitCode + 10 })
     console.log(server.pid)`,
  )
  const pids = await host.pids
  assert.deepEqual(await host.ended, [13, null])
  await untilGone(...pids)
})

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  void t.test(`LIFE-6 it ends with its process, by ${signal}`, WITH_PYTHON, async (t) => {
    const host = startHost(t, 'console.log(server.pid); setInterval(() => {}, 1000)')
    const pids = await host.pids
    assert.ok(pids.every(isRunning))
    host.child.kill(signal)
    assert.deepEqual(await host.ended, [null, signal])
    await untilGone(...pids)
  })
}

void t.test('LIFE-6 a child that has just begun ends, too', WITH_PYTHON, async (t) => {
  const host = startHost(
    t,
    `for (let count = 0; count < 20; count += 1) void run('sleep 1000 # ${MARK}')
     console.log(server.pid)
     setTimeout(() => process.exit(3), 20)`,
  )
  const pids = await host.pids
  assert.deepEqual(await host.ended, [3, null])
  await untilGone(...pids)
  await until(() => processesWith(MARK).length === 0, 'its children have ended')
})
