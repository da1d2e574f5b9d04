import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { createServer } from 'node:net'
import path from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { mock } from 'node:test'
import type { Test } from 'tap'
import { CgiError } from '@common-gateway/core'
import { childrenOf, descriptorsOf, isRunning, until, untilGone } from '../support/processes.js'
import { withoutPrivileges } from './privileges.js'
import { type OpenScript, openScript, type ScriptCall } from './open-script.js'
import { withStreams } from './output-streams.js'
import { processLogger } from '@internal/core/data/logger.js'
import { toSystemError } from '@internal/core/data/system-error.js'
import { ProcessGroup } from '@internal/core/process/process-group.js'
import { ProcessTransport } from '@internal/core/process/process-transport.js'
import { chooseSpawner } from '@internal/core/process/spawner-choice.js'
import { createTemporaryFolder, writeProgram } from './temporary-folder.js'

type Spawner = ReturnType<typeof chooseSpawner>
type SpawnOptions = Parameters<Spawner['spawn']>[0]
type ScriptProcess = ReturnType<typeof withStreams<Awaited<ReturnType<Spawner['spawn']>>>>

/** What every way to start processes must do. */
export function processSuite(t: Test, choice: 'posix_spawn' | 'child_process'): void {
  const spawner = chooseSpawner(choice, processLogger)

  void t.test(`processes, by ${choice}`, async (t) => {
    const folder = createTemporaryFolder(t)
    const PATH = '/usr/local/bin:/usr/bin:/bin'
    const LATIN = { QUERY_STRING: 'caf\xe9' }

    /** O_CLOEXEC of Linux, which Node does not name. */
    const CLOSE_ON_EXEC = 0o2000000

    let programs = 0

    /** Writes a script of the shell that does this. */
    function script(lines: string, name = `script-${(programs += 1)}.cgi`): string {
      return writeProgram(folder, name, `#!/bin/sh\n${lines}\n`)
    }

    const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

    /** Kills a process group when the test has ended, if it is still there. */
    function killAfter(t: Test, pid: number | undefined): void {
      assert.ok(pid !== undefined && pid > 1)
      t.after(() => {
        try {
          process.kill(-pid, 'SIGKILL')
        } catch {
          // There is none left.
        }
      })
    }

    async function start(
      t: Test,
      file: string,
      given: Partial<SpawnOptions> = {},
    ): Promise<ScriptProcess> {
      const started = await spawner.spawn({
        command: [file],
        cwd: folder,
        environment: { PATH },
        stdin: 'null',
        ...given,
      })
      const child = withStreams(started)
      killAfter(t, child.pid)
      const signals: (string | 0)[] = []
      signalsOf.set(child, signals)
      const signalGroup: ScriptProcess['signalGroup'] = (signal) => {
        signals.push(signal)
        return child.signalGroup(signal)
      }
      groups.set(child, new ProcessGroup(child.pid, signalGroup, child.exit))
      return child
    }

    /** What each group has been sent. */
    const signalsOf = new WeakMap<ScriptProcess, (string | 0)[]>()

    const groups = new WeakMap<ScriptProcess, InstanceType<typeof ProcessGroup>>()

    function terminate(child: ScriptProcess, killTimeout: number): void {
      void groups.get(child)?.terminate(killTimeout)
    }

    interface Result {
      readonly out: string
      readonly error: string
      readonly exitCode: number | null
      readonly signal: string | null
    }

    async function run(t: Test, file: string, given?: Partial<SpawnOptions>): Promise<Result> {
      const child = await start(t, file, given)
      const [out, error, exit] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        child.exit,
      ])
      return { out, error, ...exit }
    }

    /** Starts what writes its pids first, and reads them. */
    async function readPids(stdout: Readable): Promise<number[]> {
      let seen = ''
      for await (const chunk of stdout.iterator({ destroyOnReturn: false })) {
        seen += String(chunk)
        if (seen.endsWith('\n')) break
      }
      return seen.trim().split(/\s+/).map(Number)
    }

    void t.test('ENV-3 a script has the variables it is given, and no others', async (t) => {
      process.env['COMMON_GATEWAY_SECRET'] = 'secret'
      t.after(() => {
        delete process.env['COMMON_GATEWAY_SECRET']
      })
      const environment = { PATH, EMPTY: '', 'a.b': 'c=d', SPACES: ' x  y ' }
      const { out } = await run(t, '/usr/bin/env', { environment })
      assert.deepEqual(out.split('\n').toSorted(), [
        '',
        'EMPTY=',
        `PATH=${PATH}`,
        'SPACES= x  y ',
        'a.b=c=d',
      ])
    })

    /** Prints one variable, byte by byte. */
    const dump = script('printf %s "$VALUE" | od -An -v -tx1')

    async function valueSeen(t: Test, value: string): Promise<string> {
      const { out, error, exitCode } = await run(t, dump, { environment: { PATH, VALUE: value } })
      assert.equal(error, '')
      assert.equal(exitCode, 0)
      return Buffer.from(out.replace(/\s/g, ''), 'hex').toString('latin1')
    }

    const BYTES: readonly [why: string, value: string][] = [
      ['ASCII', 'plain'],
      ['UTF-8', '\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80'],
      ['Latin-1', 'caf\xe9'],
      ['Latin-1 and UTF-8 together', '\xe9\xc3\xa9'],
      ['bytes that UTF-8 never has', '\xff\xfe\x80\xc0'],
      ['line ends at the end', 'caf\xe9\n\n'],
      ['a line end alone, beside Latin-1', '\n\xe9\n'],
      ['what a shell would read', '\xff $(id) `id` "\' \\0101 \\n %s %b ; & | * ~ {a,b} ! #'],
      ['what printf would read', '\xff\\c more \\0 \\\\ \\x41 %d'],
      ['a hyphen first', '-n \xff'],
      [
        'every byte there is',
        Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1)).join(''),
      ],
      ['a long value', `\xff${'x'.repeat(16_000)}`],
    ]

    for (const [why, value] of BYTES) {
      void t.test(`ENV-7 the bytes of a variable arrive as they were sent: ${why}`, async (t) => {
        assert.equal(await valueSeen(t, value), value)
      })
    }

    void t.test(
      'ENV-3 ENV-7 beside a value that is not UTF-8, all other variables arrive, and no others',
      async (t) => {
        const own = {
          PATH,
          LANG: 'C.UTF-8',
          EMPTY: '',
          count: '3',
          value: 'v',
          PWD: '/elsewhere',
          OLDPWD: '/before',
          SHLVL: '7',
          PS1: '> ',
          PS4: '+ ',
          _: '/x',
          OTHER: '\xff',
        }
        const { out } = await run(t, '/usr/bin/env', { environment: { ...own, ...LATIN } })
        // text() reads UTF-8, which these two are not.
        const expected = Object.entries({ ...own, OTHER: '\ufffd', QUERY_STRING: 'caf\ufffd' })
        const lines = expected.map(([name, value]) => `${name}=${value}`)
        assert.deepEqual(out.trimEnd().split('\n').toSorted(), lines.toSorted())
      },
    )

    void t.test(
      'ENV-7 a script whose path has a = or a blank in it runs, whatever the bytes of its variables',
      async (t) => {
        for (const name of ['a=b.cgi', 'a b.cgi', 'a$b.cgi', "a'b.cgi"]) {
          const file = script('echo "$0"', name)
          for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
            const { out, exitCode } = await run(t, file, { environment })
            assert.equal(out, `${file}\n`)
            assert.equal(exitCode, 0)
          }
        }
      },
    )

    void t.test('ENV-5 arguments arrive as they are, no shell reads them', async (t) => {
      const file = script(
        'for each; do printf %s "$each" | od -An -v -tx1 | tr -d " \\n"; echo; done',
      )
      const args = ['-s', 'a b', '', '$(id)', 'a=b', '*', '-']
      const expected = args.map((each) => Buffer.from(each, 'latin1').toString('hex'))
      for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
        const { out } = await run(t, file, { command: [file, ...args], environment })
        assert.deepEqual(out.split('\n').slice(0, -1), expected)
      }
    })

    void t.test('ENV-6 the working directory is the one that was asked for', async (t) => {
      const file = script('pwd -P')
      for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
        assert.equal((await run(t, file, { environment })).out, `${folder}\n`)
        assert.equal((await run(t, file, { cwd: '/usr', environment })).out, '/usr\n')
      }
    })

    /** Prints parent, process group, session and terminal of the script itself. */
    const lineage = script(
      'read -r _ _ _ ppid group session terminal _ < /proc/$$/stat; echo $$ $group $session $ppid $terminal',
    )

    void t.test(
      'LIFE-1 a script leads a process group of its own, in a session that has no terminal',
      async (t) => {
        for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
          const child = await start(t, lineage, { environment })
          const [pid, group, session, parent, terminal] = await readPids(child.stdout)
          assert.equal(pid, child.pid, 'no shell is left between')
          assert.equal(group, child.pid)
          // Its own; or the host's, where that has no terminal.
          assert.ok(session === child.pid || terminal === 0)
          assert.equal(parent, process.pid)
          await child.exit
        }
      },
    )

    /** What this process itself was handed by the one that started it; not ours to close. */
    const handedDown = readdirSync('/proc/self/fdinfo').filter((name) => {
      const flags = /^flags:\s+(\d+)/m.exec(readInfo(name))?.[1] ?? '0'
      return (Number.parseInt(flags, 8) & CLOSE_ON_EXEC) === 0
    })

    function readInfo(descriptor: string): string {
      try {
        return readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
      } catch {
        // It was the one that the folder was read with.
        return `flags: ${CLOSE_ON_EXEC.toString(8)}`
      }
    }

    void t.test('LIFE-1 a script has no descriptor of the host but its three', async (t) => {
      const server = createServer().listen(0, '127.0.0.1')
      t.after(() => server.close())
      await once(server, 'listening')
      const held = openSync(dump, 'r')
      t.after(() => closeSync(held))
      const other = await start(t, script('exec sleep 600'), { stdin: 'pipe' })
      assert.ok(isRunning(other.pid))
      // The shell looks itself: ls would have the folder open, too.
      const file = script(
        'cd /proc/$$/fd; for each in *; do printf "$each "; readlink $each || echo; done',
      )
      for (const stdin of ['null', 'pipe', held] as const) {
        const child = await start(t, file, { stdin })
        child.stdin?.end()
        const seen = (await text(child.stdout)).trim().split('\n')
        const numbers = seen.flatMap((line) => {
          const [number = '', name] = line.split(' ')
          // The shell keeps the script itself open; what it listed the folder with has no name any more.
          return !name || name === file || handedDown.includes(number) ? [] : [number]
        })
        const own = ['0', '1', '2'].filter((number) => !handedDown.includes(number))
        assert.deepEqual(numbers, own, `${stdin}: ${seen.join(', ')}`)
        await child.exit
      }
    })

    void t.test('LIFE-1 a script inherits no ignored and no blocked signal', async (t) => {
      // Node ignores SIGPIPE; a script that did would write on for a client that has gone.
      // The shell itself blocks signals for a moment whenever it starts something.
      const file = script("exec grep -E '^Sig(Blk|Ign)' /proc/self/status")
      const { out } = await run(t, file)
      assert.match(out, /^SigBlk:\s+0+$/m)
      assert.match(out, /^SigIgn:\s+0+$/m)
    })

    void t.test('BODY-1 without a body the input is empty, and at its end at once', async (t) => {
      const child = await start(t, script('wc -c; readlink /proc/$$/fd/0'), { stdin: 'null' })
      assert.equal(child.stdin, null)
      assert.equal((await text(child.stdout)).trim(), '0\n/dev/null')
    })

    void t.test('BODY-1 what is written to the input arrives, then its end', async (t) => {
      const child = await start(t, script('od -An -v -tx1'), { stdin: 'pipe' })
      assert.ok(child.stdin)
      child.stdin.write(Buffer.from([0, 1, 0xff]))
      child.stdin.end(Buffer.from([0x0a]))
      assert.equal((await text(child.stdout)).trim(), '00 01 ff 0a')
    })

    void t.test('BODY-2 a descriptor is the input itself, from where it stands', async (t) => {
      const file = path.join(folder, 'input')
      writeFileSync(file, 'the first, the second')
      const descriptor = openSync(file, 'r')
      t.after(() => closeSync(descriptor))
      readSync(descriptor, Buffer.alloc(10))
      for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
        const child = await start(t, script('head -c 5'), { stdin: descriptor, environment })
        assert.equal(child.stdin, null)
        assert.equal((await text(child.stdout)).length, 5)
      }
    })

    void t.test('RES-1 standard output and standard error are two streams', async (t) => {
      assert.deepEqual(await run(t, script('echo out; echo error >&2')), {
        out: 'out\n',
        error: 'error\n',
        exitCode: 0,
        signal: null,
      })
    })

    const ENDS: readonly [how: string, exitCode: number | null, signal: string | null][] = [
      ['exit 0', 0, null],
      ['exit 3', 3, null],
      ['exit 255', 255, null],
      ['kill -KILL $$', null, 'SIGKILL'],
      ['kill -TERM $$', null, 'SIGTERM'],
      ['kill -PIPE $$', null, 'SIGPIPE'],
      ['kill -SEGV $$', null, 'SIGSEGV'],
    ]

    void t.test('LOG-2 reports the end of a script: its exit code, or the signal', async (t) => {
      for (const [how, exitCode, signal] of ENDS) {
        for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
          const child = await start(t, script(how), { environment })
          child.stdout.resume()
          assert.deepEqual(await child.exit, { exitCode, signal }, how)
        }
      }
    })

    void t.test('LIFE-1 a script that has ended is reaped', async (t) => {
      const child = await start(t, script('exit 0'))
      await child.exit
      assert.equal(childrenOf(process.pid).includes(child.pid), false)
    })

    const FAILURES: readonly [why: string, errno: string, create: () => string][] = [
      ['no such file', 'ENOENT', () => path.join(folder, 'missing.cgi')],
      [
        'no such interpreter',
        'ENOENT',
        () => writeProgram(folder, 'no-interpreter.cgi', '#!/missing/interpreter\n'),
      ],
      [
        'no execute permission',
        'EACCES',
        () => writeProgram(folder, 'plain.cgi', '#!/bin/sh\n', 0o644),
      ],
      [
        'an interpreter that may not be run',
        'EACCES',
        () =>
          writeProgram(
            folder,
            'bad-interpreter.cgi',
            `#!${writeProgram(folder, 'i', '', 0o644)}\n`,
          ),
      ],
      ['a folder', 'EACCES', () => folder],
      ['text without #!', 'ENOEXEC', () => writeProgram(folder, 'text.cgi', 'echo hello\n')],
      ['an empty file', 'ENOEXEC', () => writeProgram(folder, 'empty.cgi', '')],
      ['a blank before #!', 'ENOEXEC', () => writeProgram(folder, 'blank.cgi', ' #!/bin/sh\n')],
      [
        'a byte order mark before #!',
        'ENOEXEC',
        () => writeProgram(folder, 'mark.cgi', '\ufeff#!/bin/sh\n'),
      ],
      [
        'an interpreter whose line ends in CR',
        'ENOENT',
        () => writeProgram(folder, 'dos.cgi', '#!/bin/sh\r\necho hello\r\n'),
      ],
    ]

    for (const [why, errno, create] of FAILURES) {
      for (const [kind, environment] of [
        ['plain', { PATH }],
        ['not UTF-8', { PATH, ...LATIN }],
      ] as const) {
        void t.test(`LIFE-3 cannot start, environment ${kind}: ${why} (${errno})`, async (t) => {
          const file = create()
          const started = start(t, file, { environment })
          await assert.rejects(started, (error: unknown) => {
            assert.ok(error instanceof CgiError)
            assert.equal(error.code, 'CGI_ERR_SPAWN')
            assert.equal(error.statusCode, 500)
            // A spawner that reads the file first gets EISDIR for a folder.
            const errnos = why === 'a folder' ? /^(?:EACCES|EISDIR): / : new RegExp(`^${errno}: `)
            assert.match(error.reason ?? '', errnos)
            assert.ok(error.reason?.includes(file), 'the log names the path')
            assert.ok(!error.message.includes(folder), 'the client does not get it')
            return true
          })
        })
      }
    }

    void t.test('LIFE-3 cannot start: a working directory that is not there', async (t) => {
      const file = script('exit 0')
      for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
        const started = start(t, file, { cwd: path.join(folder, 'missing'), environment })
        await assert.rejects(started, { code: 'CGI_ERR_SPAWN' })
      }
    })

    void t.test('LIFE-3 a start that fails leaves no process and no descriptor', async (t) => {
      const count = (): number => descriptorsOf(process.pid).length + childrenOf(process.pid).length
      const file = writeProgram(folder, 'no-interpreter.cgi', '#!/missing/interpreter\n')
      await assert.rejects(start(t, file, { stdin: 'pipe' }))
      const before = count()
      for (let round = 0; round < 10; round += 1) {
        await assert.rejects(start(t, path.join(folder, 'missing.cgi'), { stdin: 'pipe' }))
        await assert.rejects(start(t, file, { stdin: 'pipe' }))
      }
      await until(() => count() <= before, 'all is closed')
    })

    void t.test('MAP-6 a program that may be run but not read is run', async (t) => {
      const file = path.join(folder, 'unreadable')
      copyFileSync('/bin/true', file)
      chmodSync(file, 0o111)
      const child = await withoutPrivileges(() => start(t, file))
      child.stdout.resume()
      assert.deepEqual(await child.exit, { exitCode: 0, signal: null })
    })

    const SHORTAGES = ['EAGAIN', 'ENOMEM', 'EMFILE', 'ENFILE']

    void t.test(
      'LIFE-3 what the system is short of is 503 with Retry-After, all else 500',
      async () => {
        for (const code of [...SHORTAGES, 'ENOENT', 'EACCES', 'ENOEXEC', 'EPERM', 'E2BIG']) {
          const cause = Object.assign(new Error(`spawn ${code}`), { code })
          const error = toSystemError(cause, '/srv/a.cgi')
          const isShort = SHORTAGES.includes(code)
          assert.equal(error.code, isShort ? 'CGI_ERR_NO_RESOURCES' : 'CGI_ERR_SPAWN')
          assert.equal(error.statusCode, isShort ? 503 : 500)
          assert.equal(/^[1-9]\d*$/.test(error.headers?.['retry-after'] ?? ''), isShort)
          assert.equal(error.reason, `${code}: /srv/a.cgi`)
          assert.equal(error.cause, cause)
        }
        assert.equal(toSystemError('odd', '/srv/a.cgi').code, 'CGI_ERR_SPAWN')
      },
    )

    /** For what would wait for ever if it failed: then the hooks of the test still end what it started. */
    const BOUNDED = { timeout: 20_000 }

    /** A killTimeout that is longer than the tests of this file wait for the end of a process. */
    const PATIENT = 30_000

    const FAMILY = 'sleep 600 & child=$!; (sleep 600 & echo $$ $child $!; wait) & wait'

    void t.test(
      'LIFE-1 SIGTERM goes to the whole group: the script and all that it has started',
      BOUNDED,
      async (t) => {
        const child = await start(t, script(FAMILY))
        const pids = await readPids(child.stdout)
        assert.equal(pids.length, 3)
        assert.ok(pids.every(isRunning))
        terminate(child, PATIENT)
        assert.deepEqual(await child.exit, { exitCode: null, signal: 'SIGTERM' })
        await untilGone(...pids)
      },
    )

    void t.test(
      'LIFE-1 the number of a group that has ended is not sent SIGKILL: it may be another',
      BOUNDED,
      async (t) => {
        const child = await start(t, script('echo $$; exec sleep 600'))
        await readPids(child.stdout)
        t.after(() => mock.reset())
        mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
        terminate(child, 1_000)
        assert.deepEqual(await child.exit, { exitCode: null, signal: 'SIGTERM' })
        await settle()
        // The group may be looked at now and then; there is time for it before the last resort.
        for (let time = 0; time < 1_500; time += 10) mock.timers.tick(10)
        const signals = signalsOf.get(child) ?? []
        assert.ok(signals.includes('SIGTERM'))
        assert.ok(!signals.includes('SIGKILL'))
      },
    )

    void t.test(
      'LIFE-1 a script that ignores SIGTERM gets SIGKILL after killTimeout',
      BOUNDED,
      async (t) => {
        const child = await start(t, script("trap '' TERM; echo $$; sleep 600"))
        await readPids(child.stdout)
        t.after(() => mock.reset())
        mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
        terminate(child, 1_000)
        mock.timers.tick(999)
        assert.ok(isRunning(child.pid))
        mock.timers.tick(1)
        assert.deepEqual(await child.exit, { exitCode: null, signal: 'SIGKILL' })
      },
    )

    void t.test(
      'LIFE-1 what a script leaves behind and ignores SIGTERM gets SIGKILL, too',
      BOUNDED,
      async (t) => {
        const file = script("(trap '' TERM; sleep 600 & echo $$ $!; wait) & wait")
        const child = await start(t, file)
        const [, grandchild] = await readPids(child.stdout)
        t.after(() => mock.reset())
        mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
        assert.ok(grandchild !== undefined && isRunning(grandchild))
        terminate(child, 1_000)
        assert.deepEqual(await child.exit, { exitCode: null, signal: 'SIGTERM' })
        await settle()
        assert.ok(isRunning(grandchild))
        mock.timers.tick(1_000)
        mock.timers.reset()
        await untilGone(grandchild)
      },
    )

    void t.test(
      'LIFE-1 what a script has left behind when it ended is stopped as well',
      BOUNDED,
      async (t) => {
        const child = await start(t, script('sleep 600 & echo $$ $!'))
        const [, grandchild] = await readPids(child.stdout)
        await child.exit
        assert.ok(grandchild !== undefined && isRunning(grandchild))
        terminate(child, PATIENT)
        await untilGone(grandchild)
      },
    )

    void t.test(
      'LIFE-1 a group that has ended is left alone, and a second order does no harm',
      BOUNDED,
      async (t) => {
        const child = await start(t, script('exit 0'))
        await child.exit
        t.after(() => mock.reset())
        mock.timers.enable({ apis: ['setTimeout', 'setInterval'] })
        terminate(child, 1_000)
        terminate(child, 1_000)
        const before = signalsOf.get(child)?.length
        mock.timers.tick(1_000)
        assert.equal(
          signalsOf.get(child)?.length,
          before,
          'its number may be that of another by then',
        )
      },
    )

    void t.test('LIFE-1 a host that ends takes its scripts with it', BOUNDED, async (t) => {
      const termination = new URL(
        'process/process-group.js',
        import.meta.resolve('@common-gateway/core'),
      )
      const file = script('echo $$; exec sleep 600')
      const host = path.join(folder, 'host.mjs')
      writeFileSync(
        host,
        `import { spawn } from 'node:child_process'
     import { ProcessGroup } from ${JSON.stringify(termination.href)}
     const child = spawn(${JSON.stringify(file)}, { detached: true, stdio: ['ignore', 'pipe', 'inherit'] })
     new ProcessGroup(child.pid, (signal) => process.kill(-child.pid, signal), new Promise(() => {}))
     child.stdout.once('data', (pid) => process.stdout.write(pid, () => process.exit(0)))`,
      )
      const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      const pid = Number(await text(child.stdout))
      killAfter(t, pid)
      assert.deepEqual(await exit, [0, null])
      await untilGone(pid)
    })

    void t.test('LIFE-1 and what it is stopping of scripts that have ended', BOUNDED, async (t) => {
      const module = new URL(
        'process/process-group.js',
        import.meta.resolve('@common-gateway/core'),
      )
      const file = script("trap '' TERM; sleep 600 & echo $$ $!")
      const host = path.join(folder, 'stopping-host.mjs')
      writeFileSync(
        host,
        `import { spawn } from 'node:child_process'
     import { once } from 'node:events'
     import { ProcessGroup } from ${JSON.stringify(module.href)}
     const child = spawn(${JSON.stringify(file)}, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] })
     const exit = once(child, 'exit')
     const group = new ProcessGroup(child.pid, (signal) => process.kill(-child.pid, signal), exit)
     await exit
     void group.terminate(${PATIENT})
     process.exit(0)`,
      )
      const child = spawn(process.execPath, [host], { stdio: ['ignore', 'pipe', 'inherit'] })
      const exit = once(child, 'exit')
      const [[line]] = await Promise.all([once(child.stdout, 'data'), exit])
      const [group, grandchild] = String(line).trim().split(' ').map(Number)
      killAfter(t, group)
      assert.ok(grandchild !== undefined)
      assert.deepEqual(await exit, [0, null])
      await untilGone(grandchild)
    })

    void t.test(
      'LIFE-1 scripts are reaped where no signal reports their end',
      BOUNDED,
      async () => {
        const module = new URL(
          'process/spawner-choice.js',
          import.meta.resolve('@common-gateway/core'),
        )
        const host = path.join(folder, 'without-signals.mjs')
        writeFileSync(
          host,
          `import { chooseSpawner } from ${JSON.stringify(module.href)}
     const spawner = chooseSpawner(${JSON.stringify(choice)}, console)
     process.removeAllListeners()
     const options = { command: ['/bin/true'], cwd: '/', environment: {}, stdin: 'null' }
     for (let runs = 0; runs < 40; runs += 1) {
       const { stdout, stderr, exit } = await spawner.spawn(options)
       stdout.resume()
       stderr.resume()
       await exit
     }`,
        )
        assert.deepEqual(await once(spawn(process.execPath, [host]), 'exit'), [0, null])
      },
    )

    const SETTINGS = { killTimeout: PATIENT, spawner: choice, logger: processLogger }

    async function send(
      t: Test,
      file: string,
      given: Partial<ScriptCall> = {},
      settings: typeof SETTINGS = SETTINGS,
    ): Promise<OpenScript> {
      const transport = new ProcessTransport(settings)
      t.after(() => transport.close())
      const sent = await openScript(transport, [file], given)
      killAfter(t, sent.pid)
      return sent
    }

    void t.test('BODY-1 each kind of body is the input of the script', BOUNDED, async (t) => {
      const spooled = path.join(folder, 'spooled')
      writeFileSync(spooled, 'from a file')
      const handle = await open(spooled)
      t.after(() => handle.close())
      const contents: readonly [ScriptCall['body']['content'], string][] = [
        [null, ''],
        [Buffer.from('from memory'), 'from memory'],
        [Readable.from([Buffer.from('as it '), Buffer.from('comes')]), 'as it comes'],
        [handle, 'from a file'],
      ]
      for (const [content, expected] of contents) {
        const sent = await send(t, script('cat'), { body: { length: expected.length, content } })
        assert.equal(await text(sent.stdout), expected)
        assert.deepEqual(await sent.exit, { exitCode: 0, signal: null })
      }
    })

    void t.test(
      'LOG-1 what a script has written is read after a stall of the event loop',
      BOUNDED,
      async (t) => {
        for (let round = 0; round < 10; round += 1) {
          const sent = await send(t, script('echo gone >&2'))
          sent.stdout.resume()
          void sent.exit.then(() => block(5))
          block(20)
          await sent.standardErrorEnd
          assert.equal(sent.error(), 'gone\n')
        }
      },
    )

    void t.test('RES-8 output flows while the body still arrives', BOUNDED, async (t) => {
      const source = new PassThrough()
      t.after(() => source.destroy())
      const sent = await send(t, script('exec cat'), {
        body: { length: undefined, content: source },
      })
      for (const word of ['one', 'two']) {
        source.write(word)
        const [chunk] = await once(sent.stdout, 'data')
        assert.equal(String(chunk), word)
      }
      source.end()
      await once(sent.stdout, 'end')
    })

    void t.test(
      'BODY-3 a script that closes its input, or never reads it, does not block the client',
      BOUNDED,
      async (t) => {
        for (const lines of ['exec 0<&-; echo done', 'echo done']) {
          const source = Readable.from(
            Array.from({ length: 100 }, () => Buffer.alloc(64 * 1024)),
            { objectMode: false },
          )
          const received = once(source, 'end')
          const sent = await send(t, script(lines), {
            body: { length: 6_553_600, content: source },
          })
          assert.equal(await text(sent.stdout), 'done\n')
          await received
          assert.deepEqual(await sent.exit, { exitCode: 0, signal: null })
        }
      },
    )

    void t.test(
      'BODY-3 a body in memory that a script does not read is no error',
      BOUNDED,
      async (t) => {
        const content = Buffer.alloc(60_000)
        const sent = await send(t, script('exec 0<&-; echo done'), {
          body: { length: 60_000, content },
        })
        assert.equal(await text(sent.stdout), 'done\n')
        assert.deepEqual(await sent.exit, { exitCode: 0, signal: null })
      },
    )

    void t.test(
      'LOG-1 standard error arrives as it is written, and does not mix with the output',
      BOUNDED,
      async (t) => {
        const sent = await send(t, script('echo one >&2; echo out; echo two >&2'))
        assert.equal(await text(sent.stdout), 'out\n')
        await sent.exit
        await until(() => sent.error() === 'one\ntwo\n', 'all of it has come')
      },
    )

    void t.test(
      'LOG-1 a background child that holds standard error open keeps no descriptor of the gateway',
      BOUNDED,
      async (t) => {
        const count = (): number => descriptorsOf(process.pid).length
        const before = count()
        const transport = new ProcessTransport(SETTINGS, {
          async spawn(options) {
            const child = await spawner.spawn(options)
            killAfter(t, child.pid)
            return child
          },
        })
        const file = script('sleep 600 >/dev/null & echo $!')
        const sent = await openScript(transport, [file])
        const pid = Number(await text(sent.stdout))
        await sent.exit
        await sent.standardErrorEnd
        await until(() => count() <= before, 'the descriptors are closed')
        assert.ok(isRunning(pid), 'the child itself may go on')
      },
    )

    void t.test(
      'LIFE-1 terminate stops the script and its children; again, and afterwards, is no error',
      BOUNDED,
      async (t) => {
        const sent = await send(t, script(FAMILY))
        const pids = await readPids(sent.stdout)
        void sent.terminate()
        void sent.terminate()
        assert.deepEqual(await sent.exit, { exitCode: null, signal: 'SIGTERM' })
        await untilGone(...pids)
        void sent.terminate()
      },
    )

    void t.test(
      'LIFE-3 a script that cannot be started takes nothing of the body',
      BOUNDED,
      async (t) => {
        const source = Readable.from([Buffer.from('body')], { objectMode: false })
        const missing = path.join(folder, 'missing.cgi')
        await assert.rejects(send(t, missing, { body: { length: 4, content: source } }), {
          code: 'CGI_ERR_SPAWN',
        })
        assert.equal(source.readableDidRead, false)
        assert.equal(source.destroyed, false)
      },
    )

    void t.test('LIFE-1 many runs leave no process behind', BOUNDED, async (t) => {
      const file = script('echo out; echo error >&2')
      const before = childrenOf(process.pid)
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const sent = await send(t, file)
          assert.equal(await text(sent.stdout), 'out\n')
          await sent.exit
        }),
      )
      assert.deepEqual(childrenOf(process.pid), before)
    })

    if (choice === 'posix_spawn') {
      // A script can read its own output away (/dev/stdout) after we have seen it there.
      void t.test('LIFE-1 the host never waits for what a script writes', async (t) => {
        const child = await start(t, script('exec sleep 600'))
        for (const output of [1, 2]) {
          const pipe = readlinkSync(`/proc/${child.pid}/fd/${output}`)
          const ours = readdirSync('/proc/self/fd').filter((each) => targetOf(each) === pipe)
          const flags = ours.map((each) => /^flags:\s+(\d+)/m.exec(readInfo(each))?.[1] ?? '')
          assert.equal(flags.length, 1)
          assert.ok(Number.parseInt(flags[0] ?? '', 8) & constants.O_NONBLOCK)
        }
      })
    }

    function targetOf(descriptor: string): string | undefined {
      try {
        return readlinkSync(`/proc/self/fd/${descriptor}`)
      } catch {
        // It was the one that the folder was read with.
        return undefined
      }
    }

    if (choice === 'child_process') {
      // What is not UTF-8 goes through a shell, and only here.
      void t.test(
        'ENV-3 ENV-7 a variable that a shell would change or drop is refused then, and not changed',
        async (t) => {
          for (const name of ['a.b', 'A-B', 'IFS', 'OPTIND']) {
            const environment = { PATH, [name]: 'x', ...LATIN }
            await assert.rejects(run(t, '/usr/bin/env', { environment }), {
              code: 'CGI_ERR_ENVIRONMENT',
              reason: new RegExp(`the variable ${name}$`),
            })
          }
        },
      )

      void t.test(
        'ENV-7 no value is on a command line, where every user could read it',
        async (t) => {
          const environment = {
            PATH,
            PASSWORD: 'hunter2',
            PWD: 'hunter2',
            ...LATIN,
            QUERY_STRING: '\xffhunter2',
          }
          const own = script('tr "\\0" " " < /proc/$$/cmdline; echo; sleep 600 & wait')
          const child = await start(t, own, { environment })
          const seen: string[] = []
          // From the first moment to the time when the script itself runs.
          const output = once(child.stdout, 'data')
          const over = Symbol('over')
          while ((await Promise.race([output, settle().then(() => over)])) === over) {
            seen.push(readFileSync(`/proc/${child.pid}/cmdline`, 'latin1'))
          }
          assert.ok(seen.some((line) => line.includes('/bin/sh')))
          assert.ok(!seen.some((line) => line.includes('hunter2')))
        },
      )
    }
  })
}

/** Blocks the event loop for so many milliseconds. */
function block(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}
