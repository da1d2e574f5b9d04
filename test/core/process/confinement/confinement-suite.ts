import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { text } from 'node:stream/consumers'
import type { Test } from 'tap'
import { CgiError, createCgiHandler } from '@common-gateway/core'
import { needs } from '../../../apps/programs.js'
import { isRunning, untilGone } from '../../../support/processes.js'
import { createRequest } from '../../requests.js'
import { type OpenScript, openScript } from '../../open-script.js'
import { processLogger } from '@internal/core/data/logger.js'
import { ProcessTransport } from '@internal/core/process/process-transport.js'
import { createTemporaryFolder, writeProgram } from '../../temporary-folder.js'

type Settings = ConstructorParameters<typeof ProcessTransport>[0]
type Call = Parameters<typeof openScript>[2]

const PATH = process.env['PATH'] ?? ''
const LATIN = { QUERY_STRING: 'caf\xe9' }
const NOBODY = 65_534

/** It takes Linux, and for some of it the superuser. */
const onLinux = { skip: process.platform === 'linux' ? false : 'needs Linux', timeout: 30_000 }
const asRoot = { ...onLinux, skip: process.getuid?.() === 0 ? onLinux.skip : 'needs the superuser' }

const withProgram = (name: 'perl' | 'python3'): typeof onLinux => {
  return { ...onLinux, skip: onLinux.skip || needs(name).skip }
}

/** The limits, whatever starts the scripts. */
export function confinementSuite(t: Test, spawner: Settings['spawner']): void {
  const folder = createTemporaryFolder(t)
  let programs = 0

  function script(lines: string, interpreter = '/bin/sh'): string {
    return writeProgram(folder, `script-${(programs += 1)}.cgi`, `#!${interpreter}\n${lines}\n`)
  }

  async function send(
    t: Test,
    settings: Partial<Settings>,
    file: string,
    given: Call = {},
  ): Promise<OpenScript> {
    const own = { killTimeout: 10_000, spawner, logger: processLogger }
    const transport = new ProcessTransport({ ...own, ...settings })
    t.after(() => transport.close())
    const sent = await openScript(transport, [file], given)
    t.after(() => sent.terminate())
    return sent
  }

  interface Result {
    readonly out: string
    readonly error: string
    readonly exitCode: number | null
    readonly signal: string | null
    readonly reason?: string
  }

  async function run(...args: Parameters<typeof send>): Promise<Result> {
    const sent = await send(...args)
    const [out, exit] = await Promise.all([text(sent.stdout), sent.exit, sent.standardErrorEnd])
    return { out, error: sent.error(), ...exit }
  }

  const LIMITS = {
    cpuTimeLimit: 6_500,
    memoryLimit: 512 * 1024 ** 2,
    openFileLimit: 64,
    fileSizeLimit: 1024 ** 2,
  }

  const REPORT = 'ulimit -St; ulimit -Ht; ulimit -v; ulimit -n; ulimit -f'

  void t.test('LIM-3 limits bind a script and its children, hard and soft', onLinux, async (t) => {
    const expected = '7\n8\n524288\n64\n2048\n'
    for (const lines of [REPORT, `sh -c '${REPORT}'; true`, REPORT.replaceAll('-v', '-Hv')]) {
      for (const environment of [{ PATH }, { PATH, ...LATIN }]) {
        const { out, error } = await run(t, LIMITS, script(lines), { environment })
        assert.equal(error, '')
        assert.equal(out, expected)
      }
    }
    const [hard, own] = [`ulimit -Hn; ulimit -Hf`, { openFileLimit: 64, fileSizeLimit: 512 }]
    assert.equal((await run(t, own, script(hard))).out, '64\n1\n')
  })

  void t.test('LIM-3 a script does not raise its limits', asRoot, async (t) => {
    const lines = 'for each in -n -v -f -t; do (ulimit $each 100000) || echo kept; done'
    const settings = { ...LIMITS, memoryLimit: 64 * 1024 ** 2, fileSizeLimit: 1024, user: 'nobody' }
    assert.equal((await run(t, settings, script(lines))).out, 'kept\n'.repeat(4))
  })

  void t.test('LIM-3 without an option nothing comes before a script', onLinux, async (t) => {
    const none = { cpuTimeLimit: 0, memoryLimit: 0, openFileLimit: 0, fileSizeLimit: 0 }
    const file = path.join(folder, 'missing.cgi')
    await assert.rejects(send(t, none, file), { reason: `ENOENT: ${file}` })
  })

  const BURN = 'while (1) {}'

  void t.test(
    'LIM-3 processor time: SIGXCPU, and SIGKILL for a script that ignores it',
    onLinux,
    async (t) => {
      await Promise.all([
        run(t, { cpuTimeLimit: 1 }, script('while :; do :; done')).then(({ signal }) => {
          assert.equal(signal, 'SIGXCPU')
        }),
        run(t, { cpuTimeLimit: 1_000 }, script("trap '' XCPU; while :; do :; done")).then(
          ({ signal }) => assert.equal(signal, 'SIGKILL'),
        ),
      ])
    },
  )

  void t.test('LIM-3 what Perl meets at its limits', withProgram('perl'), async (t) => {
    const perl = (lines: string): string => script(lines, '/usr/bin/env perl')
    const memory = await run(t, LIMITS, perl('my $n = 1e9; my $x = "x" x $n; print "there"'))
    assert.equal(memory.out, '')
    assert.match(memory.error, /Out of memory/)
    const file = path.join(folder, 'large-by-perl')
    const size = await run(t, LIMITS, perl(`open F, ">", "${file}"; print F "x" x 2e6; close F`))
    assert.equal(size.signal, 'SIGXFSZ')
    const files =
      'my @f; while (open my $f, "<", "/dev/null") { push @f, $f } print 0 + $!{EMFILE} ? scalar @f : $!'
    const { out } = await run(t, LIMITS, perl(files))
    assert.ok(Number(out) > 32 && Number(out) < 64, out)
    const time = await run(t, { cpuTimeLimit: 1 }, perl(BURN))
    assert.equal(time.signal, 'SIGXCPU')
  })

  void t.test('LIM-3 what Python meets at its limits', withProgram('python3'), async (t) => {
    const python = (lines: string): string => script(lines, '/usr/bin/env python3')
    const attempt = (lines: string): string =>
      python(`try:\n  ${lines}\nexcept (OSError, MemoryError) as e:\n  print(repr(e))`)
    const memory = await run(t, LIMITS, attempt('bytearray(10**9)'))
    assert.equal(memory.out, 'MemoryError()\n', memory.error)
    // Python ignores SIGXFSZ.
    const file = path.join(folder, 'large-by-python')
    const large = `open('${file}', 'wb', 0).write(b'x' * 2**20); open('${file}', 'ab', 0).write(b'x')`
    assert.match((await run(t, LIMITS, attempt(large))).out, /File too large/)
    const files = await run(t, LIMITS, attempt("[open('/dev/null') for _ in range(64)]"))
    assert.match(files.out, /Too many open files/)
  })

  void t.test(
    'LIM-3 niceness is that which was asked for, whatever the host has',
    onLinux,
    async (t) => {
      assert.equal((await run(t, { nice: 7 }, script('nice'))).out, '7\n')
      assert.equal((await run(t, { nice: 19 }, script('nice'))).out, '19\n')
    },
  )

  void t.test('LIM-3 niceness below that of the host', asRoot, async (t) => {
    assert.equal((await run(t, { nice: -5, user: 'nobody' }, script('nice'))).out, '-5\n')
  })

  const ALL = { ...LIMITS, nice: 5 }

  void t.test(
    'ENV-3 ENV-7 LIM-3 variables pass through all of it unchanged',
    onLinux,
    async (t) => {
      const shells = { PWD: '/elsewhere', OLDPWD: '/before', SHLVL: '7', _: '/x', PS4: '+ ' }
      const own = { PATH, EMPTY: '', LANG: 'C.UTF-8', LINES: 'a\nb\n\n', count: '3', opt: '-n' }
      for (const environment of [
        { PATH },
        own,
        { ...own, ...shells },
        { ...own, ...LATIN },
        { ...own, ...shells, ...LATIN },
        { ...own, PWD: 'caf\xe9\n' },
        { ...own, EVIL: '$(id) `id` ; "\' \\0101 %s' },
      ]) {
        for (const settings of [ALL, { nice: 5 }, LIMITS]) {
          const given = { environment, args: ['-0'] }
          const { stdout, exit } = await send(t, settings, '/usr/bin/env', given)
          const chunks = await stdout.toArray()
          assert.equal((await exit).exitCode, 0)
          const seen = Buffer.concat(chunks).toString('latin1').split('\0').slice(0, -1)
          const expected = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
          assert.deepEqual(seen.toSorted(), expected.toSorted())
        }
      }
    },
  )

  void t.test('ENV-3 LIM-3 a variable that a shell does not pass on', onLinux, async (t) => {
    const environment = { PATH, 'a.b': 'c' }
    const { out } = await run(t, LIMITS, '/usr/bin/env', { environment })
    assert.match(out, /^a\.b=c$/m)
    // Node encodes what it passes to a child as UTF-8; only then is there a shell.
    if (spawner !== 'child_process') return
    const latin = { environment: { ...environment, ...LATIN } }
    await assert.rejects(send(t, LIMITS, script(''), latin), {
      code: 'CGI_ERR_ENVIRONMENT',
      reason: /the variable a\.b$/,
    })
  })

  void t.test('ENV-5 ENV-7 LIM-3 words pass through all of it unchanged', onLinux, async (t) => {
    const file = script(
      'for each; do printf %s "$each" | od -An -v -tx1 | tr -d " \\n"; echo; done',
    )
    const words = ['-s', '--help', '', 'a b', '$(id)', '*', 'caf\xe9\n', '\xc3\xa9', '\x81\x88\xff']
    const expected = words.map((word) => Buffer.from(word, 'latin1').toString('hex'))
    for (const settings of [ALL, { nice: 5 }, LIMITS]) {
      const { out } = await run(t, settings, file, { args: words })
      assert.deepEqual(out.split('\n').slice(0, -1), expected)
    }
  })

  void t.test(
    'LIFE-1 LIM-3 the script takes the place of what comes before it',
    onLinux,
    async (t) => {
      const lines = 'read -r _ _ _ _ group _ < /proc/$$/stat; echo $$ $group'
      const sent = await send(t, ALL, script(`${lines}; tr '\\0' ' ' < /proc/$$/cmdline`))
      const { pid } = sent
      assert.match(await text(sent.stdout), new RegExp(`^${pid} ${pid}\\n/bin/sh ${folder}`))
    },
  )

  const IDS =
    'id -u; id -g; id -G; grep -E "^(Uid|Gid|CapEff|CapPrm|CapInh|CapAmb)" /proc/$$/status'
  const NO_CAPABILITIES = /^CapInh:\s0+\nCapPrm:\s0+\nCapEff:\s0+\nCapAmb:\s0+$/m

  void t.test('LIM-3 user: its groups, and no capability', asRoot, async (t) => {
    for (const user of ['nobody', NOBODY, String(NOBODY)]) {
      const { out, error } = await run(t, { user }, script(IDS))
      assert.equal(error, '')
      assert.match(out, /^65534\n65534\n65534\n/)
      assert.match(out, /^Uid:\t65534\t65534\t65534\t65534\nGid:\t65534\t65534\t65534\t65534$/m)
      assert.match(out, NO_CAPABILITIES)
    }
  })

  void t.test('LIM-3 user and group', asRoot, async (t) => {
    const { out } = await run(t, { user: 'nobody', group: 'daemon' }, script(IDS))
    assert.match(out, /^65534\n1\n1\n/)
    const numbers = await run(t, { user: 123_456, group: 234_567 }, script(IDS))
    assert.match(numbers.out, /^123456\n234567\n234567\n/)
    assert.match(numbers.out, NO_CAPABILITIES)
  })

  void t.test('LIM-3 group alone: the user stays, no other group does', asRoot, async (t) => {
    const { out } = await run(t, { group: 'daemon' }, script(IDS))
    assert.match(out, /^0\n1\n1\n/)
  })

  /** Takes the place of PATH as long as the test runs. */
  function setPath(t: Test, folders: string): void {
    t.after(() => {
      process.env['PATH'] = PATH
    })
    process.env['PATH'] = folders
  }

  void t.test('LIM-3 user: all groups of an account', asRoot, async (t) => {
    // What the account database would say; the account itself would be left on the machine.
    writeProgram(folder, 'accounts/getent', '#!/bin/sh\necho tester:x:1234:100::/:/bin/sh\n')
    writeProgram(folder, 'accounts/id', '#!/bin/sh\necho 100 27 4\n')
    setPath(t, `${path.join(folder, 'accounts')}:${PATH}`)
    const own = await run(
      t,
      { user: 'tester' },
      script('id -g; sed -n "s/^Groups://p" /proc/$$/status'),
    )
    assert.equal(own.out.replace(/[ \t]+/g, ' '), '100\n 4 27 100 \n')
  })

  void t.test(
    'LIFE-1 LIM-3 stops the script of another user, and its children',
    asRoot,
    async (t) => {
      const lines = 'sleep 600 & echo $$ $!; wait'
      const sent = await send(t, { user: 'nobody' }, script(lines))
      let seen = ''
      for await (const chunk of sent.stdout.iterator({ destroyOnReturn: false })) {
        seen += String(chunk)
        if (seen.endsWith('\n')) break
      }
      const pids = seen.trim().split(' ').map(Number)
      assert.equal(pids.length, 2)
      assert.ok(pids.every(isRunning))
      await sent.terminate()
      assert.equal((await sent.exit).signal, 'SIGTERM')
      await untilGone(...pids)
    },
  )

  void t.test(
    'BODY-2 LIM-3 a spooled body, and a folder that its user may not enter',
    asRoot,
    async (t) => {
      const secret = path.join(folder, 'secret')
      mkdirSync(secret, { mode: 0o700 })
      const spooled = path.join(secret, 'spooled')
      writeFileSync(spooled, 'the body', { mode: 0o600 })
      const content = await open(spooled)
      t.after(() => content.close())
      const given = { body: { length: 8, content } }
      const settings = { user: 'nobody', cwd: secret }
      const { out } = await run(t, settings, script('cat; ls . 2>&1'), given)
      assert.match(out, /^the body.*Permission denied/)
    },
  )

  const FAILURES: readonly [why: string, errno: string, create: () => string][] = [
    ['no such file', 'ENOENT', () => path.join(folder, 'missing.cgi')],
    ['no such interpreter', 'ENOENT', () => script('', '/missing/interpreter')],
    ['text without #!', 'ENOEXEC', () => writeProgram(folder, 'text.cgi', 'echo hello\n')],
    ['an empty file', 'ENOEXEC', () => writeProgram(folder, 'empty.cgi', '')],
    ['no execute permission', 'EACCES', () => writeProgram(folder, 'p.cgi', '#!/bin/sh\n', 0o644)],
  ]
  for (const [why, errno, create] of FAILURES) {
    void t.test(
      `LIFE-3 LIM-3 a confined script that cannot start: ${why} (${errno})`,
      onLinux,
      async (t) => {
        const file = create()
        for (const settings of [ALL, { nice: 5 }, LIMITS]) {
          await assert.rejects(send(t, settings, file), (error) => {
            assert.ok(error instanceof CgiError)
            assert.equal(error.code, 'CGI_ERR_SPAWN')
            assert.ok(error.reason?.startsWith(`${errno}: ${file}`), error.reason)
            return true
          })
        }
      },
    )
  }

  void t.test(
    'LIFE-3 LIM-3 a script that its user may not run: 500, with the source of the error',
    asRoot,
    async (t) => {
      const root = path.join(folder, 'not-for-others')
      const readable = writeProgram(folder, 'readable.cgi', '#!/bin/sh\necho\n', 0o700)
      const hidden = writeProgram(root, 'hidden.cgi', '#!/bin/sh\necho\n')
      chmodSync(root, 0o700)
      const interpreter = writeProgram(folder, 'interpreter', '#!/bin/sh\n', 0o744)
      const noInterpreter = script('', interpreter)
      for (const [last, settings] of [
        ['/usr/bin/nice', { user: 'nobody' }],
        ['prlimit', { user: 'nobody', ...LIMITS }],
      ] as const) {
        for (const file of [readable, hidden, noInterpreter]) {
          const handler = createCgiHandler({ script: file, ...settings })
          t.after(() => handler.close())
          await assert.rejects(handler.handle(createRequest()), (error) => {
            assert.ok(error instanceof CgiError)
            assert.equal(error.statusCode, 500)
            assert.equal(error.code, 'CGI_ERR_SPAWN')
            assert.ok(error.reason?.startsWith(`${last}: `), error.reason)
            assert.match(error.reason ?? '', /Permission denied/)
            assert.ok(error.reason?.includes(file), error.reason)
            assert.equal(error.script, file)
            return true
          })
        }
      }
    },
  )

  void t.test(
    'LIFE-3 LIM-3 a script that ends badly by itself has been started',
    onLinux,
    async (t) => {
      for (const [lines, exitCode] of [
        ['exit 126', 126],
        ['no-such-program', 127],
        ['echo "prlimit: no" >&2; echo last >&2; exit 1', 1],
        ['echo "prlimit: no" >&2; exit 0', 0],
      ] as const) {
        const { reason, ...exit } = await run(t, LIMITS, script(lines))
        assert.equal(exit.exitCode, exitCode)
        assert.equal(reason, undefined, lines)
      }
    },
  )

  function assertRefused(options: object, option: string, why: RegExp): void {
    assert.throws(
      () => createCgiHandler({ root: folder, ...options }),
      (error) => {
        assert.ok(error instanceof CgiError)
        assert.equal(error.code, 'CGI_ERR_INVALID_OPTION')
        assert.ok(
          error.message.startsWith(`Expected the \`${option}\` option to be `),
          error.message,
        )
        assert.match(error.message, why)
        return true
      },
    )
  }

  void t.test('LIM-3 refuses users and limits that no process can have', onLinux, async () => {
    assertRefused({ user: 'no-such-user' }, 'user', /a user of this system, got 'no-such-user'/)
    assertRefused({ user: '--help' }, 'user', /a user of this system/)
    assertRefused({ group: 'no-such-group' }, 'group', /a group of this system/)
    assertRefused(
      { user: 123_456 },
      'user',
      /together with `group`, as it has no account, got 123456/,
    )
    assertRefused(
      { memoryLimit: 1 },
      'memoryLimit',
      /one that can be set on this system \(.+\), got 1/,
    )
    assertRefused(
      { openFileLimit: 3 },
      'openFileLimit',
      /one that can be set on this system \(.+\), got 3/,
    )
    assertRefused({ openFileLimit: 2 ** 40 }, 'openFileLimit', /prlimit: .+NOFILE/)
    // Each of the others can be set; it is the last one that does not go with them.
    assertRefused({ ...ALL, memoryLimit: 1 }, 'memoryLimit', /one that can be set on this system/)
  })

  /** What becomes of these options in a host without some capabilities; `'made'`, or why not. */
  function withoutCapabilities(names: string, options: object): string {
    const source = `import { createCgiHandler } from ${JSON.stringify(import.meta.resolve('@common-gateway/core'))}
    try {
      await createCgiHandler(${JSON.stringify({ root: folder, ...options })}).close()
      console.log('made')
    } catch (error) {
      console.log(error.message)
    }`
    // The superuser of this bounded kind still finds the way to the sources, wherever they are.
    const bounded = [`--bounding-set=${names}`, '--inh-caps=-all', process.execPath]
    const args = ['--input-type=module', '-e', source]
    const isBounded = process.getuid?.() === 0
    const program = isBounded ? 'setpriv' : process.execPath
    return execFileSync(program, isBounded ? [...bounded, ...args] : args, {
      encoding: 'utf8',
    }).trim()
  }

  void t.test('LIM-3 what a host without privileges may not is refused', onLinux, async () => {
    const nice = withoutCapabilities('-sys_nice', { nice: -1 })
    assert.match(
      nice,
      /`nice` option to be one that can be set on this system \(.*nice: cannot set niceness/,
    )
    const group = withoutCapabilities('-setgid', { group: 'daemon' })
    assert.match(group, /`group` option to be one that can be set on this system \(setpriv: /)
    const stop = withoutCapabilities('-kill', { user: 'daemon' })
    assert.match(stop, /`user` option to be one whose processes this process may stop \(CAP_KILL\)/)
    const all = '-setuid,-setgid,-sys_nice,-kill,-sys_resource'
    assert.equal(withoutCapabilities(all, ALL), 'made')
  })

  void t.test('LIM-3 refuses `user` in a process that may not become another', asRoot, async () => {
    const user = withoutCapabilities('-setuid', { user: 'daemon' })
    assert.match(user, /`user` option to be one that can be set on this system \(setpriv: /)
  })

  void t.test('LIM-3 without its tool a limit is refused, and only then', onLinux, async (t) => {
    const tools = path.join(folder, 'tools')
    mkdirSync(tools)
    symlinkSync('/usr/bin/cat', path.join(tools, 'cat'))
    setPath(t, tools)
    for (const name of Object.keys(LIMITS)) {
      assertRefused({ [name]: 2 ** 30 }, name, /there is no `prlimit` in PATH/)
    }
    assertRefused({ group: 1 }, 'group', /there is no `setpriv` in PATH/)
    assertRefused({ nice: 1 }, 'nice', /there is no `nice` in PATH/)
    await createCgiHandler({ root: folder }).close()
  })

  void t.test('LIM-3 on other systems all of it is refused', async (t) => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform') ?? {}
    t.after(() => Object.defineProperty(process, 'platform', platform))
    Object.defineProperty(process, 'platform', { ...platform, value: 'win32' })
    for (const name of [...Object.keys(ALL), 'user', 'group']) {
      assertRefused({ [name]: 1 }, name, /absent on win32/)
    }
    const none = { cpuTimeLimit: 0, memoryLimit: 0, openFileLimit: 0, fileSizeLimit: 0 }
    assertRefused({ ...none, nice: 0 }, 'nice', /absent on win32/)
    void createCgiHandler({ root: folder, ...none }).close()
  })
}
