import assert from 'node:assert/strict'
import { AsyncLocalStorage, AsyncResource } from 'node:async_hooks'
import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fstatSync, openSync } from 'node:fs'
import { buffer, text } from 'node:stream/consumers'
import t from 'tap'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { toReadable, withStreams } from '../../output-streams.js'
import { processSuite } from '../../process-suite.js'
import { processLogger } from '@internal/core/data/logger.js'
import { loadCLibrary } from '@internal/core/process/posix/c-library.js'
import { FileActions } from '@internal/core/process/posix/file-actions.js'
import { OutputPipe } from '@internal/core/process/posix/output-pipe.js'
import { PosixSpawner } from '@internal/core/process/posix/posix-spawner.js'
import { chooseSpawner } from '@internal/core/process/spawner-choice.js'

processSuite(t, 'posix_spawn')

const core = import.meta.resolve('@common-gateway/core')
const spawner = chooseSpawner('posix_spawn', processLogger)
const BOUNDED = { timeout: 20_000 }

type ScriptProcess = ReturnType<typeof withStreams<Awaited<ReturnType<typeof spawner.spawn>>>>

async function run(
  lines: string,
  environment: Record<string, string> = {},
): Promise<ScriptProcess> {
  const started = await spawner.spawn({
    command: ['/bin/sh', '-c', lines],
    cwd: '/',
    environment: { PATH: '/usr/bin:/bin', ...environment },
    stdin: 'null',
  })
  return withStreams(started)
}

void t.test('posix_spawn', async (t) => {
  void t.test('LIFE-1 children of the application are left to it', BOUNDED, async () => {
    const own = Array.from({ length: 20 }, () => promisify(execFile)('/bin/true'))
    const scripts = await Promise.all(Array.from({ length: 20 }, () => run('echo out; exit 3')))
    for (const { stdout, exit } of scripts) {
      assert.equal(await text(stdout), 'out\n')
      assert.deepEqual(await exit, { exitCode: 3, signal: null })
    }
    await Promise.all(own)
    // The loop is blocked while this one ends, and while one of the gateway ends before it.
    const script = await run('exit 4')
    assert.equal(spawnSync('/bin/sh', ['-c', 'sleep 0.1; exit 5']).status, 5)
    assert.deepEqual(await script.exit, { exitCode: 4, signal: null })
  })

  void t.test('LIFE-1 scripts are reaped although SIGCHLD has no listener', BOUNDED, async (t) => {
    const listeners = process.listeners('SIGCHLD')
    process.removeAllListeners('SIGCHLD')
    t.after(() => listeners.forEach((listener) => process.on('SIGCHLD', listener)))
    const { stdout, exit } = await run('echo out; exit 6')
    assert.equal(await text(stdout), 'out\n')
    assert.deepEqual(await exit, { exitCode: 6, signal: null })
  })

  for (const version of [undefined, '2.36', '2.38', '2.100', '3.0']) {
    const title = `LIFE-1 no signal is ignored by a script (glibc ${version ?? 'is not there'})`
    void t.test(title, BOUNDED, async () => {
      const library = loadCLibrary()
      const sets: Buffer[] = []
      const own = new PosixSpawner({
        ...library,
        gnu_get_libc_version: version === undefined ? undefined : () => version,
        posix_spawnattr_setsigdefault(attributes, set) {
          assert.ok(Buffer.isBuffer(set))
          sets.push(set)
          return library.posix_spawnattr_setsigdefault(attributes, set)
        },
      })
      const script = withStreams(
        await own.spawn({
          command: ['/bin/grep', '-E', '^Sig(Blk|Ign)', '/proc/self/status'],
          cwd: '/',
          environment: {},
          stdin: 'null',
        }),
      )
      const none = '0'.repeat(16)
      assert.equal(await text(script.stdout), `SigBlk:\t${none}\nSigIgn:\t${none}\n`)
      assert.deepEqual(await script.exit, { exitCode: 0, signal: null })
      const set = sets[0]?.readBigUInt64LE() ?? 0n
      const isInSet = (signal: number): boolean => ((set >> BigInt(signal - 1)) & 1n) === 1n
      // SIGPIPE, and glibc's own signals.
      assert.ok([13, 32, 33].every(isInSet), set.toString(2))
      // SIGTERM, which no process ignores here.
      const areAll = version === undefined || version === '2.36'
      assert.equal(isInSet(15), areAll)
    })
  }

  void t.test('the file actions of a start are kept, and not too many of them', async () => {
    const library = loadCLibrary()
    const held = new Set<unknown>()
    const fileActions = new FileActions({
      ...library,
      posix_spawn_file_actions_init(actions) {
        held.add(actions)
        return library.posix_spawn_file_actions_init(actions)
      },
      posix_spawn_file_actions_destroy(actions) {
        assert.ok(held.delete(actions))
        return library.posix_spawn_file_actions_destroy(actions)
      },
    })
    const first = fileActions.get([5, 6, 7], '/tmp')
    assert.equal(fileActions.get([5, 6, 7], '/tmp'), first)
    const others = [fileActions.get([5, 6, 8], '/tmp'), fileActions.get([5, 6, 7], '/')]
    assert.equal(new Set([first, ...others]).size, 3)
    for (let index = 0; index < 1_000; index += 1) {
      const latest = fileActions.get([5, 6, 7], `/tmp/${index}`)
      assert.ok(held.has(latest))
      assert.ok(held.size <= 64)
    }
    // A descriptor that cannot be one.
    const { size } = held
    assert.throws(() => fileActions.get([-1, 6, 7], '/'), { code: 'EBADF' })
    assert.ok(held.size <= size)
  })

  void t.test('LIFE-3 a long queue of starts may fail at once', BOUNDED, async () => {
    // They occupy the threads. The descriptor of the others is not open, so they fail before they use one.
    const good = Array.from({ length: 20 }, () => run('exit 3'))
    const bad = Array.from({ length: 5000 }, () =>
      spawner.spawn({ command: ['/bin/true'], cwd: '/', environment: {}, stdin: -1 }),
    )
    const results = await Promise.allSettled(bad)
    assert.ok(results.every(({ status }) => status === 'rejected'))
    for (const { exit } of await Promise.all(good)) assert.equal((await exit).exitCode, 3)
    assert.equal((await (await run('exit 4')).exit).exitCode, 4)
  })

  void t.test('RES-4 all of an output arrives, whatever its size', BOUNDED, async () => {
    for (const size of [65_535, 65_536, 65_537, 131_072, 1_000_000]) {
      for (const after of ['', 'sleep 0.05; ', 'sleep 0.2; ']) {
        const script = await run(`${after}head -c ${size} /dev/zero`)
        assert.equal((await buffer(script.stdout)).length, size, `${after}${size}`)
        assert.deepEqual(await script.exit, { exitCode: 0, signal: null })
      }
    }
  })

  void t.test(
    'BODY-1 the pipe of a large input holds more',
    {
      ...BOUNDED,
      skip: process.platform !== 'linux' && 'its size is asked for as Linux has it',
    },
    async () => {
      for (const [hasLargeInput, size] of [
        [false, 65_536],
        [true, 524_288],
      ] as const) {
        const F_GETPIPE_SZ = 1032
        const { stdin, stdout } = withStreams(
          await spawner.spawn({
            command: ['/usr/bin/perl', '-e', `print fcntl(STDIN, ${F_GETPIPE_SZ}, 0)`],
            cwd: '/',
            environment: {},
            stdin: 'pipe',
            hasLargeInput,
          }),
        )
        stdin?.end()
        assert.equal(await text(stdout), String(size))
      }
    },
  )

  void t.test(
    'RES-4 the pipe of a large output holds more, whenever the output begins',
    {
      ...BOUNDED,
      skip: process.platform !== 'linux' && 'its size is asked for as Linux has it',
    },
    async () => {
      const [F_SETPIPE_SZ, F_GETPIPE_SZ] = [1031, 1032]
      for (const [before, expected] of [
        ['', 524_288],
        ['select(undef, undef, undef, 0.3);', 524_288],
        // What a script has chosen stays.
        [`fcntl(STDOUT, ${F_SETPIPE_SZ}, 1048576);`, 1_048_576],
      ] as const) {
        const size = `print STDERR fcntl(STDOUT, ${F_GETPIPE_SZ}, 0)`
        const lines = `${before} syswrite STDOUT, 'x' x 3e6; ${size}`
        const script = await run(`exec perl -e '${lines}'`)
        const [out, error] = await Promise.all([buffer(script.stdout), text(script.stderr)])
        assert.equal(out.length, 3_000_000)
        assert.equal(error, String(expected), before)
      }
    },
  )

  void t.test('RES-4 unread output waits, and so does its end', BOUNDED, async () => {
    const script = await run('echo out; echo error >&2')
    await script.exit
    assert.equal(await text(script.stdout), 'out\n')
    assert.equal(await text(script.stderr), 'error\n')
  })

  void t.test('ENV-7 environments of all sizes do not mix', BOUNDED, async () => {
    const sizes = [10, 100_000, 10, 40_000, 64_000, 3, 127_000, 1]
    const scripts = sizes.map(async (size, index) => {
      const value = `${index}${'x'.repeat(size)}`
      const script = await run('printf %s "$VALUE"', { VALUE: value })
      assert.equal(await text(script.stdout), value)
    })
    await Promise.all(scripts)
  })

  void t.test(
    'LIFE-3 reports an environment that is too large for the system',
    BOUNDED,
    async () => {
      await assert.rejects(run('exit', { VALUE: 'x'.repeat(200_000) }), {
        code: 'CGI_ERR_SPAWN',
        reason: /^E2BIG: /,
      })
    },
  )

  void t.test('LOG-1 output arrives in the async context of its own request', BOUNDED, async () => {
    const storage = new AsyncLocalStorage<number>()
    const outputs = Array.from({ length: 10 }, (_, index) =>
      storage.run(index, async () => {
        const script = await run('echo error >&2; sleep 0.02; echo again >&2')
        const contexts = new Set<number | undefined>()
        script.stderr.on('data', () => contexts.add(storage.getStore()))
        script.stdout.resume()
        await once(script.stderr, 'end')
        return [...contexts]
      }),
    )
    assert.deepEqual(
      await Promise.all(outputs),
      Array.from({ length: 10 }, (_, index) => [index]),
    )
  })

  void t.test(
    'OPT-1 refuses posix_spawn in a worker thread, which gets no signals',
    BOUNDED,
    async () => {
      const source = `
      const { parentPort } = require('node:worker_threads')
      import(${JSON.stringify(core)}).then(({ createCgiHandler }) => {
        const told = []
        const logger = { warn: (_, message) => told.push(message), error() {} }
        for (const spawner of ['auto', 'auto', 'posix_spawn']) {
          try { createCgiHandler({ root: '/', logger, spawner }) } catch (error) { told.push(error.message) }
        }
        parentPort.postMessage(told)
      })`
      const worker = new Worker(source, { eval: true })
      const [told] = (await once(worker, 'message')) as [string[]]
      await worker.terminate()
      // In the log once, however many gateways there are.
      assert.equal(told.length, 2)
      assert.match(told[0] ?? '', /posix_spawn is not available/)
      assert.match(told[1] ?? '', /`spawner` .* worker thread/)
    },
  )

  void t.test(
    'LIFE-3 what Node is not permitted any more is not done past it',
    BOUNDED,
    async (t) => {
      const permission = { has: (scope: string) => scope !== 'child' }
      Object.defineProperty(process, 'permission', { value: permission, configurable: true })
      t.after(() => Reflect.deleteProperty(process, 'permission'))
      await assert.rejects(run('echo started'), {
        code: 'CGI_ERR_SPAWN',
        reason: /^ERR_ACCESS_DENIED: /,
      })
    },
  )

  void t.test(
    'LIFE-3 an output that the system gives no handle for fails alone',
    BOUNDED,
    async () => {
      // Not even a pipe: libuv refuses it, as it does what there is no memory for.
      const descriptor = openSync('/dev/null', 'r')
      const output = new OutputPipe(descriptor, loadCLibrary(), new AsyncResource('test'))
      const failed = once(toReadable(output), 'error')
      output.watch()
      const [error] = (await failed) as [unknown]
      assert.ok(error instanceof Error)
      assert.throws(() => fstatSync(descriptor), { code: 'EBADF' })
    },
  )
})
