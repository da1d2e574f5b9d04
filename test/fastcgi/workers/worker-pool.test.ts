import assert from 'node:assert/strict'
import { existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { CgiError } from '@common-gateway/core'
import t from 'tap'
import { needsRoot } from '../../apps/programs.js'
import { descriptorsOf, isRunning, until, untilGone } from '../../support/processes.js'
import { ask, createPool, folderOf, SPAWNERS } from './pools.js'

const BOUNDED = { timeout: 60_000 }
const AS_ROOT = { ...BOUNDED, ...needsRoot() }
/** A program that waits for nothing. */
const SLEEP = ['/bin/sleep', '600'] as const

const shell = (lines: string): readonly [string, ...string[]] => ['/bin/sh', '-c', lines]

const environmentOf = (pid: number): string[] =>
  readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').filter(Boolean).toSorted()

for (const spawner of SPAWNERS) {
  void t.test(`workers, by ${spawner}`, async (t) => {
    void t.test('UP-8 a process is started by its first request', BOUNDED, async (t) => {
      const { pool, worker } = createPool(t, { processes: 2 }, { spawner })
      assert.deepEqual(
        pool.workers.map(({ name, pid, isAvailable }) => [name, pid, isAvailable]),
        [
          ['node 1', undefined, true],
          ['node 2', undefined, true],
        ],
      )
      const first = await ask(t, worker)
      assert.equal(Number(first), worker.pid)
      assert.equal(await ask(t, worker), first)
      assert.equal(pool.workers[1]?.pid, undefined)
    })

    void t.test('UP-8 a worker has no variable of the application', BOUNDED, async (t) => {
      process.env['SECRET_OF_TEST'] = 'secret'
      process.env['WANTED_OF_TEST'] = 'wanted'
      t.after(() => {
        delete process.env['SECRET_OF_TEST']
        delete process.env['WANTED_OF_TEST']
      })
      const env = { OWN: 'é' }
      const inheritEnv = ['WANTED_OF_TEST']
      const { worker } = createPool(t, { command: SLEEP, env, inheritEnv }, { spawner })
      await worker.ready()
      const expected = [
        `PATH=${process.env['PATH']}`,
        'PHP_FCGI_MAX_REQUESTS=0',
        'WANTED_OF_TEST=wanted',
        'OWN=\xc3\xa9',
        ...['TZ', 'LD_LIBRARY_PATH'].flatMap((name) =>
          process.env[name] === undefined ? [] : `${name}=${process.env[name]}`,
        ),
      ]
      assert.ok(worker.pid !== undefined)
      const found = environmentOf(worker.pid)
      assert.deepEqual(found, expected.toSorted())
    })

    void t.test(
      'UP-8 a worker has its socket, its outputs, and no other descriptor',
      BOUNDED,
      async (t) => {
        const { worker } = createPool(t, { command: SLEEP }, { spawner })
        await worker.ready()
        assert.ok(worker.pid !== undefined)
        // Node closes what it has opened; only posix_spawn closes what this process was started with.
        const own = spawner === 'child_process' ? descriptorsOf(process.pid) : []
        const descriptors = descriptorsOf(worker.pid).filter((each) => !own.includes(each))
        assert.equal(descriptors.length, 3, descriptors.join())
        assert.match(descriptors[0] ?? '', /^socket:/)
        const folder = statSync(folderOf(worker))
        assert.equal(folder.mode & 0o777, 0o700)
      },
    )

    void t.test(
      'UP-8 a program that ends at once is an error with its reason',
      BOUNDED,
      async (t) => {
        const command = shell('echo "no such library" >&2; echo start >> "$STARTS"; exit 3')
        const starts = `${t.testdir({})}/starts`
        const { worker, messages } = createPool(
          t,
          { command, env: { STARTS: starts } },
          { spawner },
        )
        await assert.rejects(ask(t, worker))
        await worker.exit
        const { failure } = worker
        assert.ok(failure instanceof CgiError)
        assert.equal(failure.code, 'CGI_ERR_NO_UPSTREAM')
        assert.equal(failure.exitCode, 3)
        assert.equal(
          failure.reason,
          'sh 1 ended with exit code 3 before it answered a request: no such library',
        )
        assert.equal(worker.isAvailable, false)
        assert.ok(worker.restartsIn > 0 && worker.restartsIn <= 100)
        await assert.rejects(worker.ready(), failure)
        worker.finished(false)
        assert.ok(messages.some(({ message }) => message === 'no such library'))
        // It is not started again by itself.
        await until(() => worker.isAvailable, 'the delay is over')
        await delay(150)
        assert.equal(readFileSync(starts, 'utf8'), 'start\n')
      },
    )

    void t.test(
      'UP-8 many requests to a broken program start it a few times',
      BOUNDED,
      async (t) => {
        const starts = `${t.testdir({})}/starts`
        const command = shell('echo start >> "$STARTS"; exit 3')
        const { worker } = createPool(t, { command, env: { STARTS: starts } }, { spawner })
        const end = performance.now() + 700
        while (performance.now() < end) {
          await ask(t, worker).catch(() => {})
          await delay(1)
        }
        const count = readFileSync(starts, 'utf8').split('\n').length - 1
        // At 0, 100 and 300 ms, and perhaps at 700.
        assert.ok(count <= 4, `it was started ${count} times`)
      },
    )

    void t.test('UP-8 a program that cannot be started is an error', BOUNDED, async (t) => {
      const { worker } = createPool(t, { command: ['/nonexistent/program'] }, { spawner })
      await assert.rejects(worker.ready(), { code: 'CGI_ERR_SPAWN' })
      worker.finished(false)
      assert.equal(worker.isAvailable, true)
    })

    void t.test('UP-8 a process is replaced after maxRequests', BOUNDED, async (t) => {
      const { worker } = createPool(t, { maxRequests: 3 }, { spawner })
      const pids: string[] = []
      for (let requests = 0; requests < 7; requests += 1) {
        await until(() => worker.isAvailable, 'the worker is available')
        pids.push(await ask(t, worker))
      }
      assert.equal(new Set(pids).size, 3)
      assert.deepEqual(pids.slice(0, 3), Array(3).fill(pids[0]))
      assert.deepEqual(pids.slice(3, 6), Array(3).fill(pids[3]))
      await untilGone(Number(pids[0]), Number(pids[3]))
    })

    void t.test(
      'UP-8 a process without requests is ended after idleTimeout',
      BOUNDED,
      async (t) => {
        const { worker } = createPool(t, { idleTimeout: 200 }, { spawner })
        const pid = Number(await ask(t, worker))
        await worker.ready()
        await delay(500)
        assert.equal(worker.pid, pid, 'it has a request')
        worker.finished(true)
        await until(() => worker.pid === undefined, 'it is ended')
        await untilGone(pid)
        assert.notEqual(Number(await ask(t, worker)), pid)
      },
    )

    void t.test(
      'UP-8 kill ends a process that ignores SIGTERM, and its children',
      BOUNDED,
      async (t) => {
        const { worker, messages } = createPool(t, {}, { spawner })
        const ends: unknown[] = []
        worker.onEnd = (pid, reason) => void ends.push([pid, reason])
        const asked = ask(t, worker, 'hang')
        const said = (): string =>
          messages.find(({ message }) => message.startsWith('hanging'))?.message ?? ''
        await until(() => said() !== '', 'it hangs')
        const pids = said().split(' ').slice(1).map(Number)
        const { exit } = worker
        const killed = worker.kill(200, 'it hangs')
        assert.equal(worker.pid, undefined)
        assert.deepEqual(ends, [[pids[0], 'it hangs']])
        await assert.rejects(asked)
        await killed
        assert.equal((await exit).signal, 'SIGKILL')
        await untilGone(...pids)
        assert.equal(worker.failure, undefined)
        assert.ok(Number(await ask(t, worker)) > 0)
      },
    )

    void t.test(
      'UP-8 the next request starts a process while the last one is being killed',
      BOUNDED,
      async (t) => {
        const { worker, messages } = createPool(t, {}, { spawner })
        const asked = ask(t, worker, 'hang').catch(() => {})
        const line = (): string =>
          messages.find(({ message }) => message.startsWith('hanging'))?.message ?? ''
        await until(() => line() !== '', 'it hangs')
        const pids = line().split(' ').slice(1).map(Number)
        const killed = worker.kill(60_000, 'it hangs')
        const next = Number(await ask(t, worker))
        assert.deepEqual(pids.map(isRunning), [true, true])
        assert.equal(worker.pid, next)
        for (const pid of pids) process.kill(pid, 'SIGKILL')
        await Promise.all([asked, killed])
        assert.equal(worker.pid, next)
      },
    )

    void t.test(
      'UP-8 a process that something else has killed is started again at once',
      BOUNDED,
      async (t) => {
        const { worker, messages } = createPool(t, {}, { spawner })
        const pid = Number(await ask(t, worker))
        process.kill(pid, 'SIGKILL')
        assert.deepEqual(await worker.exit, { exitCode: null, signal: 'SIGKILL' })
        assert.equal(worker.pid, undefined)
        assert.equal(worker.isAvailable, true)
        assert.notEqual(Number(await ask(t, worker)), pid)
        const { facts } =
          messages.find(({ message }) => message === 'a worker has ended by itself') ?? {}
        assert.deepEqual(facts, {
          upstream: 'node 1',
          scriptPid: pid,
          exitCode: null,
          signal: 'SIGKILL',
        })
      },
    )

    void t.test(
      'UP-8 nothing accepts the connections of a process that has ended',
      BOUNDED,
      async (t) => {
        const { worker } = createPool(t, { command: SLEEP }, { spawner })
        await worker.ready()
        // In the backlog, as the program never accepts it.
        const asked = ask(t, worker)
        await delay(50)
        assert.ok(worker.pid !== undefined)
        process.kill(worker.pid, 'SIGKILL')
        await assert.rejects(asked)
      },
    )

    void t.test('UP-8 what children of a process hold is ended with it', BOUNDED, async (t) => {
      const command = shell('sleep 600 & echo $!; exit 1')
      const { worker, messages } = createPool(t, { command }, { spawner })
      await worker.ready()
      await worker.exit
      const [{ message } = { message: '' }] = messages
      await untilGone(Number(message))
    })

    void t.test(
      'UP-8 close leaves no process and no file; the next request starts again',
      BOUNDED,
      async (t) => {
        const { pool, worker } = createPool(t, { processes: 2 }, { spawner })
        const pids = await Promise.all(pool.workers.map((each) => ask(t, each)))
        const folder = folderOf(worker)
        assert.equal(existsSync(folder), true)
        await pool.close(1_000)
        assert.deepEqual(pids.map(Number).filter(isRunning), [])
        assert.equal(existsSync(folder), false)
        assert.ok(Number(await ask(t, worker)) > 0)
      },
    )

    void t.test('UP-8 close waits for a process that is starting', BOUNDED, async (t) => {
      const { pool, worker } = createPool(t, {}, { spawner })
      const ready = worker.ready()
      await pool.close(1_000)
      await ready
      assert.equal(worker.pid, undefined)
    })

    void t.test('LOG-1 standard error of a worker is logged by line', BOUNDED, async (t) => {
      const { worker, messages } = createPool(t, {}, { spawner })
      const pid = Number(await ask(t, worker, 'say'))
      await until(() => messages.length === 2, 'both lines have come')
      const facts = { upstream: 'node 1', scriptPid: pid, stream: 'stderr' }
      assert.deepEqual(messages, [
        { facts, message: 'one' },
        { facts, message: 'two' },
      ])
      assert.equal(worker.lastLine, 'two')
    })

    void t.test('LIM-3 limits and rights bind a worker', AS_ROOT, async (t) => {
      const rights = { user: 'nobody', openFileLimit: 77, nice: 4 }
      const { worker } = createPool(t, { command: SLEEP }, { spawner, ...rights })
      await worker.ready()
      const { pid } = worker
      await until(() => /sleep/.test(readFileSync(`/proc/${pid}/comm`, 'utf8')), 'it runs')
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\s+65534\s+65534\s+65534/m)
      assert.match(readFileSync(`/proc/${pid}/limits`, 'utf8'), /^Max open files\s+77\s+77/m)
      // The user of the worker could not enter the folder of its socket.
      assert.equal(statSync(folderOf(worker)).uid, 0)
    })

    void t.test('LIM-3 a worker as another user answers', AS_ROOT, async (t) => {
      const { worker } = createPool(t, {}, { spawner, user: 'nobody' })
      const pid = await ask(t, worker)
      assert.match(readFileSync(`/proc/${pid}/status`, 'utf8'), /^Uid:\s+65534/m)
    })
  })
}

void t.test('UP-8 two pools have folders of their own', BOUNDED, async (t) => {
  const [first, second] = [createPool(t), createPool(t)]
  const pids = await Promise.all([ask(t, first.worker), ask(t, second.worker)])
  assert.notEqual(pids[0], pids[1])
  assert.notEqual(folderOf(first.worker), folderOf(second.worker))
  await first.pool.close(1_000)
  assert.equal(await ask(t, second.worker), pids[1])
})

void t.test('UP-8 a folder that something has removed is made again', BOUNDED, async (t) => {
  const { worker } = createPool(t, { maxRequests: 1 })
  await ask(t, worker)
  rmSync(folderOf(worker), { recursive: true })
  await until(() => worker.isAvailable, 'the worker is available')
  assert.ok(Number(await ask(t, worker)) > 0)
})
