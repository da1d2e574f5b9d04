import { CgiError } from '@common-gateway/core'
import { createSpawner, type ScriptExit, type ScriptProcess } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { fileURLToPath } from 'node:url'
import { ForkServer, type ServerEnd } from '@internal/warm/server/fork-server.js'
import type { WarmNote } from '@internal/warm/server/note-channel.js'
import { needs } from '../../cli/program.js'
import { toReadable } from '../../core/output-streams.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { descriptorsOf, isRunning, until, untilGone } from '../../support/processes.js'

const PROGRAM = fileURLToPath(new URL('../../../fixtures/warm/fork-server.py', import.meta.url))
const PATH = process.env['PATH'] ?? ''
const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 60_000 }
/** For those that wait for long. */
const IN_PARALLEL = { ...WITH_PYTHON, buffered: true }
t.jobs = 8
const folder = createTemporaryFolder(t)

interface Started {
  readonly server: ForkServer
  readonly ended: Promise<ServerEnd>
}

function start(t: Test, environment: Record<string, string> = {}): Started {
  let resolveEnd: (end: ServerEnd) => void = () => {}
  const ended = new Promise<ServerEnd>((resolve) => {
    resolveEnd = resolve
  })
  const description = {
    interpreter: {
      language: 'python',
      program: PROGRAM,
      flags: [],
      isShim: false,
      decisive: [],
    },
    script: '/srv/a script.py',
    cwd: folder,
    environment: { PATH, ...environment },
    modules: ['shop.catalogue'],
    cpuTimeLimit: 7,
  } as const
  const server = new ForkServer(createSpawner(), description, resolveEnd)
  // A fork server does not keep the event loop alive.
  const event = setInterval(() => {}, 1_000)
  t.after(() => {
    clearInterval(event)
    return server.close()
  })
  return { server, ended }
}

async function startReady(t: Test): Promise<Started> {
  const started = start(t)
  await until(() => started.server.isReady, 'it is ready')
  return started
}

interface Request {
  readonly fault?: string
  readonly args?: readonly string[]
  readonly stdin?: 'null' | 'pipe' | number
  readonly more?: Record<string, string>
}

/** Asks for a process that executes a line of the shell. */
function ask(
  { server }: Started,
  line: string,
  { fault = '', args = [], stdin = 'null', more = {} }: Request = {},
): Promise<ScriptProcess | string> {
  const environment = { PATH, HTTP_DO: line, HTTP_FAULT: fault, ...more }
  return server.request({ command: ['/srv/a script.py'], cwd: folder, environment, stdin }, args)
}

async function run(started: Started, line: string, request?: Request): Promise<ScriptProcess> {
  const answer = await ask(started, line, request)
  if (typeof answer === 'string') throw new Error(answer)
  return answer
}

const outputOf = ({ stdout }: ScriptProcess): Promise<string> => text(toReadable(stdout))

/** The process group that a process leads or is in, by /proc. */
function groupOf(pid: number): number {
  return Number(
    readFileSync(`/proc/${pid}/stat`, 'latin1')
      .replace(/^.*\) /s, '')
      .split(' ')[2],
  )
}

/** A zombie's exit is known: the first process of a container may wait for none. */
function assertOrphanExit({ exitCode, signal }: ScriptExit, expected: number): void {
  assert.equal(signal, null)
  assert.ok(exitCode === null || exitCode === expected, `${exitCode}`)
}

let marks = 0
const newMark = (): string => path.join(folder, `mark-${(marks += 1)}`)

void t.test('WARM-2 a process of a fork server', WITH_PYTHON, async (t) => {
  const started = await startReady(t)

  void t.test('has its arguments, variables and working directory', async () => {
    const line = 'printf "%s|" "$0" "$@" "$QUERY_STRING" "$KIND"; pwd; echo error >&2'
    const more = { QUERY_STRING: 'caf\xe9' }
    const script = await run(started, line, { args: ['b c', ''], more })
    assert.equal(script.isWarm, true)
    const errors = text(toReadable(script.stderr))
    assert.equal(await outputOf(script), `/srv/a script.py|b c||caf\ufffd|null|${folder}\n`)
    assert.equal(await errors, 'error\n')
    assert.deepEqual(await script.exit, { exitCode: 0, signal: null })
  })

  void t.test('leads a process group, and gets its signals', async () => {
    const script = await run(started, 'sleep 60 & wait')
    assert.equal(groupOf(script.pid), script.pid)
    assert.equal(script.signalGroup(0), true)
    assert.equal(script.signalGroup('SIGTERM'), true)
    assert.deepEqual(await script.exit, { exitCode: null, signal: 'SIGTERM' })
    await until(() => !script.signalGroup(0), 'the group is empty')
  })

  void t.test('reports its exit code, also where it ends at once', async () => {
    const scripts = await Promise.all([1, 2, 3, 4, 5].map((code) => run(started, `exit ${code}`)))
    const exits = await Promise.all(scripts.map(({ exit }) => exit))
    assert.deepEqual(
      exits.map(({ exitCode }) => exitCode),
      [1, 2, 3, 4, 5],
    )
  })

  void t.test('reads a pipe', async () => {
    const script = await run(started, 'cat; echo "$KIND"', { stdin: 'pipe' })
    script.stdin?.end('the body ')
    assert.equal(await outputOf(script), 'the body pipe\n')
  })

  void t.test('reads a file', async () => {
    const file = path.join(folder, 'body')
    writeFileSync(file, 'from a file ')
    const descriptor = openSync(file, 'r')
    const script = await run(started, 'cat; echo "$KIND"', { stdin: descriptor })
    assert.equal(await outputOf(script), 'from a file file\n')
    closeSync(descriptor)
  })

  void t.test('has no descriptor of the fork server or of this process', async () => {
    const script = await run(started, 'ls -l /proc/self/fd | grep -c "pipe:\\|socket:"')
    assert.equal(await outputOf(script), '2\n')
  })

  void t.test('writes a megabyte', async () => {
    const script = await run(started, 'head -c 1000000 /dev/zero')
    assert.equal((await outputOf(script)).length, 1_000_000)
  })

  void t.test('leaves no descriptor open', async () => {
    await run(started, ':').then(outputOf)
    const before = descriptorsOf(process.pid).length
    for (let count = 0; count < 20; count += 1) {
      const script = await run(started, 'echo a; echo b >&2')
      await Promise.all([outputOf(script), text(toReadable(script.stderr)), script.exit])
    }
    await until(() => descriptorsOf(process.pid).length <= before, 'the descriptors are closed')
  })
})

void t.test('WARM-4 a request that is too large is not sent', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const answer = await ask(started, ':', { more: { HTTP_COOKIE: 'x'.repeat(100_000) } })
  assert.equal(answer, 'its request has more than 100000 bytes')
})

void t.test('WARM-5 a refused request was not run', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const mark = newMark()
  const answer = await ask(started, `touch ${mark}`, { fault: 'refused' })
  assert.equal(answer, 'as it was told: /a/file')
  assert.equal(await run(started, 'echo on').then(outputOf), 'on\n')
  assert.equal(existsSync(mark), false)
})

void t.test('WARM-5 a stale fork server ends after its children', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const { server, ended } = started
  const first = await run(started, 'sleep 1; exit 5')
  const answer = await ask(started, 'echo never', { fault: 'stale' })
  assert.equal(answer, 'as it was told: /a/file')
  assert.equal(server.isUsable, false)
  assert.deepEqual(await first.exit, { exitCode: 5, signal: null })
  assert.equal((await ended).type, 'stale')
  await untilGone(server.pid ?? 0)
})

void t.test(
  'WARM-24 a fork server that must not be one ends after its children',
  WITH_PYTHON,
  async (t) => {
    const started = await startReady(t)
    const { server, ended } = started
    const first = await run(started, 'sleep 1; exit 5')
    const second = await run(started, 'exit 6', { fault: 'doubt' })
    assert.deepEqual(await second.exit, { exitCode: 6, signal: null })
    assert.equal(server.isUsable, false)
    assert.deepEqual(await first.exit, { exitCode: 5, signal: null })
    assert.deepEqual(await ended, { type: 'plain', reason: 'as it was told' })
    await untilGone(server.pid ?? 0)
  },
)

void t.test('WARM-6 a fork server that does not load', WITH_PYTHON, async (t) => {
  for (const [fault, end] of [
    ['exit', { type: 'plain', reason: /at its start: exit code 3, SyntaxError: it is broken$/ }],
    ['plain', { type: 'plain', reason: /^as it was told$/ }],
    ['late line', { type: 'plain', reason: /^as it was told$/ }],
    ['young', { type: 'young', reason: /^as it was told$/ }],
    ['long line', { type: 'plain', reason: /at its start$/ }],
  ] as const) {
    void t.test(fault, async (t) => {
      const { server, ended } = start(t, { FAULT: fault })
      const { type, reason } = await ended
      assert.equal(type, end.type)
      assert.match(reason, end.reason)
      await untilGone(server.pid ?? 0)
    })
  }
})

void t.test('WARM-6 a fork server whose program is missing', async (t) => {
  let resolveEnd: (end: ServerEnd) => void = () => {}
  const ended = new Promise<ServerEnd>((resolve) => {
    resolveEnd = resolve
  })
  const interpreter = {
    language: 'perl',
    program: '/missing/perl',
    flags: [],
    isShim: false,
    decisive: [],
  } as const
  const description = { interpreter, script: '/a', cwd: '/', environment: {}, modules: [] }
  const server = new ForkServer(
    createSpawner(),
    { ...description, cpuTimeLimit: undefined },
    resolveEnd,
  )
  t.after(() => server.close())
  const { type, reason } = await ended
  assert.equal(type, 'failed')
  assert.match(reason, /could not be started/)
})

for (const fault of ['killed', 'stopped', 'slow child'] as const) {
  const name = `WARM-6 no request runs twice, and none is lost: ${fault}`
  void t.test(name, IN_PARALLEL, async (t) => {
    const started = await startReady(t)
    const { server, ended } = started
    const mark = newMark()
    const before = await run(started, 'sleep 7; echo whole')
    const [answer, other] = await Promise.all([
      ask(started, `touch ${mark}`, { fault }),
      ask(started, `touch ${mark}`),
    ])
    assert.ok(typeof answer === 'string', 'it was not run')
    // The second may have been taken before the fault.
    assert.ok(typeof other === 'string')
    assert.equal((await ended).type, 'failed')
    await untilGone(server.pid ?? 0)
    await delay(1_500)
    assert.equal(existsSync(mark), false, 'it does not run later')
    assert.equal(await outputOf(before), 'whole\n')
    assertOrphanExit(await before.exit, 0)
    await untilGone(before.pid)
  })
}

void t.test('WARM-6 a request fails that may still run', IN_PARALLEL, async (t) => {
  const started = await startReady(t)
  await assert.rejects(ask(started, ':', { fault: 'uncertain child' }), (error: unknown) => {
    assert.ok(error instanceof CgiError)
    assert.equal(error.code, 'CGI_ERR_SPAWN')
    return true
  })
})

void t.test('WARM-6 a child that ends before the script has not run', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const answer = await ask(started, ':', { fault: 'child ends' })
  assert.equal(answer, 'its process has ended before the script ran')
  assert.equal(started.server.isReady, true)
})

void t.test('WARM-7 a fork server that does not wait is replaced', IN_PARALLEL, async (t) => {
  const started = await startReady(t)
  const script = await run(started, 'echo out', { fault: 'no wait' })
  assert.equal(await outputOf(script), 'out\n')
  assert.deepEqual(await script.exit, { exitCode: 0, signal: null })
  assert.match((await started.ended).reason, /does not wait for its processes/)
})

void t.test('WARM-7 the exits of a stopped fork server are known', IN_PARALLEL, async (t) => {
  const started = await startReady(t)
  const lines = ['exit 0', 'exit 255', 'kill -9 $$', 'kill -TERM $$', 'sleep 7; exit 3']
  const scripts = await Promise.all(lines.map((line) => run(started, `exec <&-; sleep 1; ${line}`)))
  process.kill(started.server.pid ?? 0, 'SIGSTOP')
  assert.deepEqual(await Promise.all(scripts.map(({ exit }) => exit)), [
    { exitCode: 0, signal: null },
    { exitCode: 255, signal: null },
    { exitCode: null, signal: 'SIGKILL' },
    { exitCode: null, signal: 'SIGTERM' },
    { exitCode: 3, signal: null },
  ])
  assert.match((await started.ended).reason, /does not wait for its processes/)
  await untilGone(started.server.pid ?? 0)
})

void t.test('WARM-7 a fork server that loads modules for long is kept', IN_PARALLEL, async (t) => {
  const started = await startReady(t)
  const more = { HTTP_SECONDS: '7' }
  const script = await run(started, 'sleep 1; exit 6', { fault: 'loads', more })
  // Sent before the fork server has reported that it loads.
  const late = started.server.isReady ? ask(started, 'exit 7') : undefined
  await until(() => !started.server.isReady, 'it loads')
  assert.deepEqual(await script.exit, { exitCode: 6, signal: null })
  assert.equal(started.server.isReady, false)
  await until(() => started.server.isReady, 'it has loaded')
  const answer = await late
  if (typeof answer === 'object') assert.equal((await answer.exit).exitCode, 7)
  assert.equal((await (await run(started, 'exit 8')).exit).exitCode, 8)
})

void t.test('WARM-7 the output of an orphan arrives whole', IN_PARALLEL, async (t) => {
  const started = await startReady(t)
  const script = await run(started, 'sleep 1; head -c 300000 /dev/zero; sleep 0.5; exit 3')
  const output = outputOf(script)
  process.kill(started.server.pid ?? 0, 'SIGKILL')
  const states: string[] = []
  void script.exit.then(() => states.push('exit'))
  assert.equal((await output).length, 300_000)
  assert.deepEqual(states, [], 'the exit comes last')
  assertOrphanExit(await script.exit, 3)
})

void t.test('WARM-9 a fork server that retires', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const { server, ended } = started
  const script = await run(started, 'sleep 0.5; exit 4')
  server.retire('a test')
  assert.equal(server.isReady, false)
  assert.deepEqual(await script.exit, { exitCode: 4, signal: null })
  assert.equal((await ended).type, 'retired')
  await untilGone(server.pid ?? 0)
})

void t.test('WARM-9 close() ends it; its children go on', WITH_PYTHON, async (t) => {
  const started = await startReady(t)
  const script = await run(started, 'sleep 1; echo still')
  await started.server.close()
  assert.equal(isRunning(started.server.pid ?? 0), false)
  assert.equal(await outputOf(script), 'still\n')
})

void t.test('WARM-12 it gets its facts by a variable', WITH_PYTHON, async (t) => {
  const notes: WarmNote[] = []
  const listen = (message: unknown): void => void notes.push(message as WarmNote)
  subscribe('common-gateway:warm:note', listen)
  t.after(() => unsubscribe('common-gateway:warm:note', listen))
  const { server } = await startReady(t)
  const { dev, ino } = statSync(PROGRAM, { bigint: true })
  const facts = `version=1;cpu=7;modules=shop.catalogue;arch=${process.arch};program=${dev}:${ino};decisive=`
  const own = notes.filter(({ pid }) => pid === server.pid)
  assert.deepEqual(own, [
    { script: '/srv/a script.py', pid: server.pid, text: `it has ${facts}` },
    { script: '/srv/a script.py', pid: server.pid, text: 'ready' },
  ])
})
