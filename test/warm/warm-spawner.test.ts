import {
  createSpawner,
  type ScriptProcess,
  type SpawnerContext,
  type WarmStats,
} from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { fileURLToPath } from 'node:url'
import { DEFAULTS, type WarmSettings } from '@internal/warm/options/options.js'
import { WarmSpawner } from '@internal/warm/warm-spawner.js'
import { needs } from '../cli/program.js'
import { toReadable } from '../core/output-streams.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { childrenOf, commandOf, isRunning, until } from '../support/processes.js'

const FORK_SERVER = fileURLToPath(new URL('../../fixtures/warm/fork-server.py', import.meta.url))
const PATH = process.env['PATH'] ?? ''
const WITH_PYTHON = { ...needs('/usr/bin/python3'), timeout: 60_000 }
const folder = createTemporaryFolder(t)

const writeScript = (name: string, line = '#!/usr/bin/python3'): string =>
  writeProgram(folder, name, `${line}\nprint("plain")\n`)
const script = writeScript('script.py')
const others = ['a', 'b'].map((name) => writeScript(`${name}.py`))
const shellScript = writeProgram(folder, 'script.sh', '#!/bin/sh\necho plain\n')
// Files that have just changed get no fork server.
const areOld = delay(2_100)

interface Asked {
  readonly file?: string
  readonly fault?: string
  readonly fixed?: Record<string, string>
  readonly args?: readonly string[]
  /** What a fork server executes. */
  readonly line?: string
}

/** A spawner whose fork servers are under control: they execute /bin/sh. */
class Spawner {
  readonly spawner: WarmSpawner
  /** The variables of each fork server that was started. */
  readonly environments: Readonly<Record<string, string>>[] = []

  constructor(t: Test, settings: Partial<WarmSettings> = {}) {
    const real = createSpawner()
    const context: SpawnerContext = {
      logger: { warn() {}, error() {} },
      plain: real,
      lasting: {
        spawn: (options) => {
          this.environments.push(options.environment)
          return real.spawn({ ...options, command: [FORK_SERVER] })
        },
      },
      cpuTimeLimit: undefined,
    }
    this.spawner = new WarmSpawner(context, { ...DEFAULTS, ...settings })
    // A fork server does not keep the event loop alive.
    const event = setInterval(() => {}, 1_000)
    t.after(() => {
      clearInterval(event)
      return this.spawner.close()
    })
  }

  get stats(): WarmStats {
    return this.spawner.stats()
  }

  /** Runs a script to its end. */
  async run(asked: Asked = {}): Promise<Run> {
    const { file = script, fault = '', fixed = {}, args = [], line = 'echo warm "$@"' } = asked
    const started = await this.spawner.spawn({
      command: [file, ...args],
      cwd: folder,
      environment: { PATH, ...fixed, HTTP_DO: line, HTTP_FAULT: fault },
      stdin: 'null',
    })
    return finish(started)
  }

  /** Runs a script that does not end. */
  async stream(file: string): Promise<ScriptProcess> {
    const started = await this.spawner.spawn({
      command: [file],
      cwd: folder,
      environment: { PATH, HTTP_DO: 'exec sleep 1000', HTTP_FAULT: '' },
      stdin: 'null',
    })
    void finish(started)
    return started
  }

  /** Runs a script until its fork server takes requests. */
  async warmUp(asked: Asked = {}): Promise<void> {
    await until(async () => (await this.run(asked)).isWarm, 'it is warm')
  }
}

interface Run {
  readonly isWarm: boolean
  readonly reason: string | undefined
  readonly output: string
}

async function finish(started: ScriptProcess): Promise<Run> {
  const output = text(toReadable(started.stdout))
  void text(toReadable(started.stderr))
  await started.exit
  return {
    isWarm: started.isWarm ?? false,
    reason: started.plainReason,
    output: (await output).trim(),
  }
}

void t.test('WARM-1 a script gets a fork server when it has run often', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { after: 3 })
  const runs = [await asked.run(), await asked.run(), await asked.run()]
  const reason = 'it has not run often enough yet'
  for (const run of runs) assert.deepEqual(run, { isWarm: false, reason, output: 'plain' })
  await until(() => asked.stats.scripts[0]?.state === 'warm', 'its fork server is ready')
  assert.deepEqual(await asked.run({ args: ['x', 'y z'] }), {
    isWarm: true,
    reason: undefined,
    output: 'warm x y z',
  })
  const { scripts, ...counts } = asked.stats
  assert.deepEqual(counts, { servers: 1, runs: 1, refused: 0, plain: { [reason]: 3 } })
  const [first] = scripts
  assert.deepEqual(scripts, [
    { script, language: 'python', state: 'warm', runs: 1, pid: first?.pid },
  ])
  assert.ok(isRunning(first?.pid ?? 0))
})

void t.test('WARM-1 requests are plain while a fork server loads', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { after: 1 })
  await asked.run()
  const { isWarm, reason } = await asked.run()
  assert.deepEqual([isWarm, reason], [false, 'its fork server is loading'])
})

void t.test('WARM-1 runs that are too far apart do not count', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { idleTimeout: 20 })
  await asked.run()
  await delay(50)
  await asked.run()
  assert.equal(asked.stats.servers, 0)
})

void t.test('WARM-3 what has no fork server is plain, with the reason', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t)
  const runs = [1, 2, 3].map(() => asked.run({ file: shellScript }))
  await Promise.all(runs)
  const { isWarm, reason, output } = await asked.run({ file: shellScript })
  assert.deepEqual([isWarm, reason, output], [false, 'it is neither Python nor Perl', 'plain'])
  assert.deepEqual(asked.stats.scripts, [
    { script: shellScript, language: undefined, state: 'plain', reason, runs: 0 },
  ])
})

void t.test('WARM-3 a reason holds until the content changes', WITH_PYTHON, async (t) => {
  const file = writeScript('changing.py', '#!/usr/bin/env -S /usr/bin/python3')
  await delay(2_100)
  const asked = new Spawner(t)
  const wrong = 'its line #! has arguments of env'
  await until(async () => (await asked.run({ file })).reason === wrong, 'it is plain')
  writeFileSync(file, '#!/usr/bin/python3\nprint("plain")\n')
  await until(async () => (await asked.run({ file })).reason !== wrong, 'it is judged anew')
  await asked.warmUp({ file })
})

void t.test('WARM-3 a file that has just changed gets no fork server', WITH_PYTHON, async (t) => {
  await areOld
  // It has changed whenever it ends, although the time of its content is old.
  const source = '#!/usr/bin/python3\nimport os\nos.utime(__file__, (1, 1))\n'
  const file = writeProgram(folder, 'young.py', source)
  const asked = new Spawner(t)
  await asked.run({ file })
  await asked.run({ file })
  assert.equal((await asked.run({ file })).reason, 'its file has just changed')
  assert.equal(asked.stats.servers, 0)
})

void t.test('WARM-5 a request that is not taken is started plainly', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t)
  await asked.warmUp()
  const reason = 'as it was told: /a/file'
  for (const fault of ['refused', 'stale']) {
    assert.deepEqual(await asked.run({ fault }), { isWarm: false, reason, output: 'plain' })
  }
  assert.equal(asked.stats.refused, 2)
  assert.equal(asked.stats.plain['as it was told'], 2)
  await asked.warmUp()
  assert.equal(asked.environments.length, 2)
})

void t.test('WARM-6 a killed fork server is replaced, but not for ever', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t)
  for (const count of [1, 2, 3]) {
    await asked.warmUp()
    const { isWarm, reason, output } = await asked.run({ fault: 'killed' })
    assert.deepEqual([isWarm, output], [false, 'plain'])
    assert.match(reason ?? '', /^its fork server ended: SIGKILL/)
    assert.equal(asked.environments.length, count)
  }
  await delay(50)
  assert.match((await asked.run()).reason ?? '', /^its fork server ended: SIGKILL/)
  assert.equal(asked.stats.scripts[0]?.state, 'plain')
})

void t.test(
  'WARM-6 a script whose files change again and again is plain',
  WITH_PYTHON,
  async (t) => {
    await areOld
    const asked = new Spawner(t)
    for (let count = 0; count < 5; count += 1) {
      await asked.warmUp()
      assert.equal((await asked.run({ fault: 'stale' })).output, 'plain')
    }
    await until(() => asked.stats.scripts[0]?.state === 'plain', 'it is plain')
    const reason = 'its files change too often: as it was told: /a/file'
    assert.equal((await asked.run()).reason, reason)
    assert.equal(asked.environments.length, 5)
  },
)

void t.test('WARM-6 a script whose fork server does not load is plain', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t)
  const fixed = { FAULT: 'exit' }
  const reason = 'its fork server ended at its start: exit code 3, SyntaxError: it is broken'
  await until(async () => (await asked.run({ fixed })).reason === reason, 'it is plain')
  await asked.run({ fixed })
  await asked.run({ fixed })
  assert.equal(asked.environments.length, 1)
})

void t.test('WARM-8 there are no more fork servers than `max`', WITH_PYTHON, async (t) => {
  await areOld
  const [one = '', other = ''] = others
  const asked = new Spawner(t, { max: 1 })
  await asked.warmUp({ file: one })
  // It does not end for a script that runs as often.
  for (let count = 0; count < 3; count += 1) {
    await asked.run({ file: other })
    assert.equal((await asked.run({ file: one })).isWarm, true)
  }
  const { reason } = await asked.run({ file: other })
  assert.equal(reason, 'the 1 fork servers are those of other scripts')
  await asked.warmUp({ file: other })
  assert.equal((await asked.run({ file: one })).isWarm, false)
  assert.equal(asked.stats.servers, 1)
})

void t.test(
  'WARM-8 fork servers that wait for their scripts do not add up',
  WITH_PYTHON,
  async (t) => {
    const files = Array.from({ length: 5 }, (_, index) => writeScript(`stream-${index}.py`))
    await delay(2_100)
    const asked = new Spawner(t, { max: 2, after: 1 })
    const servers = (): number =>
      childrenOf(process.pid).filter((pid) => commandOf(pid).includes('fork-server.py')).length
    const streams: ScriptProcess[] = []
    t.after(() => streams.map(({ signalGroup }) => signalGroup('SIGKILL')))
    for (const file of files) {
      let reason: string | undefined
      await until(async () => {
        const run = await asked.run({ file })
        reason = run.reason
        return run.isWarm || reason === '2 fork servers wait for the end of their scripts'
      }, 'it is warm, or there is no room')
      assert.equal(reason !== undefined, streams.length === 2, reason)
      if (reason !== undefined) continue
      streams.push(await asked.stream(file))
      assert.equal((await asked.run({ file, fault: 'stale' })).isWarm, false)
      assert.ok(servers() <= 4, `${servers()} fork servers`)
    }
    assert.equal(streams.length, 2)
    const [first] = streams
    first?.signalGroup('SIGKILL')
    await asked.warmUp({ file: files.at(-1) ?? '' })
  },
)

void t.test('WARM-9 a fork server ends when it is idle', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { idleTimeout: 5_000 })
  await asked.warmUp()
  await until(() => asked.stats.servers === 0, 'it is idle')
})

void t.test('WARM-9 a fork server is replaced when it is old', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { maxAge: 1_000 })
  await until(async () => {
    await asked.run()
    return asked.environments.length === 2
  }, 'another is started')
})

void t.test('WARM-9 close() ends all fork servers', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t)
  await asked.warmUp()
  const pid = asked.stats.scripts[0]?.pid ?? 0
  await asked.spawner.close()
  assert.equal(isRunning(pid), false)
  await asked.run()
  await asked.run()
  assert.equal(asked.stats.servers, 0)
})

void t.test('WARM-12 each set of fixed variables has a fork server', WITH_PYTHON, async (t) => {
  await areOld
  const asked = new Spawner(t, { max: 2 })
  await asked.warmUp({ fixed: { TENANT: 'a' } })
  assert.equal((await asked.run({ fixed: { TENANT: 'b' } })).isWarm, false)
  await asked.warmUp({ fixed: { TENANT: 'b' } })
  assert.deepEqual(
    asked.environments.map(({ TENANT, HTTP_DO }) => [TENANT, HTTP_DO]),
    [
      ['a', undefined],
      ['b', undefined],
    ],
  )
  assert.equal((await asked.run({ fixed: { TENANT: 'a' } })).isWarm, true)
  const reason = 'its fixed variables have more than 2 different values'
  assert.equal((await asked.run({ fixed: { TENANT: 'c' } })).reason, reason)
  assert.equal((await asked.run({ fixed: { TENANT: 'a' } })).reason, reason)
  await until(() => asked.stats.servers === 0, 'its fork servers end')
})

void t.test(
  'WARM-12 a change of the rights of this process holds at once',
  WITH_PYTHON,
  async (t) => {
    await areOld
    const asked = new Spawner(t)
    await asked.warmUp()
    const umask = process.umask(0o027)
    t.after(() => process.umask(umask))
    assert.equal((await asked.run()).isWarm, false)
    assert.equal(asked.stats.servers, 0)
    await asked.warmUp()
    assert.equal((await asked.run()).isWarm, true)
  },
)

void t.test('WARM-11 a run that a signal ends is not measured', WITH_PYTHON, async (t) => {
  await areOld
  const spawner = new Spawner(t, { after: 7 })
  await spawner.warmUp()
  await spawner.run({ fault: 'learns' })
  for (let count = 0; count < 15; count += 1)
    await spawner.run({ line: 'sleep 0.2; kill -TERM $$' })
  assert.ok((await spawner.run()).isWarm, 'as an event stream whose client leaves')
  for (let count = 0; count < 15; count += 1) await spawner.run({ line: 'sleep 0.2' })
  assert.equal((await spawner.run()).reason, 'its fork server is not faster')
})

void t.test(
  'WARM-11 runs of a fork server that learns are not measured',
  WITH_PYTHON,
  async (t) => {
    await areOld
    const spawner = new Spawner(t, { after: 7 })
    await spawner.warmUp()
    for (let count = 0; count < 30; count += 1) await spawner.run({ line: 'sleep 0.1' })
    assert.ok((await spawner.run()).isWarm, 'its trials take processor time')
    await spawner.run({ fault: 'learns' })
    for (let count = 0; count < 15; count += 1) await spawner.run({ line: 'sleep 0.1' })
    assert.equal((await spawner.run()).reason, 'its fork server is not faster')
  },
)
