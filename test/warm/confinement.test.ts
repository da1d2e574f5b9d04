import { createSpawner, type Spawner, type SpawnerOptions } from '@common-gateway/core/transport'
import { warm } from '@common-gateway/warm'
import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { makeSpawner } from '@internal/core/process/made-spawner.js'
import { needsRoot } from '../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { until } from '../support/processes.js'
import { type Run, runScript } from './differential/script-run.js'

const OPTIONS = { ...needsRoot('python3', 'perl'), timeout: 60_000 }
const folder = createTemporaryFolder(t)
const files = path.join(folder, 'files')
mkdirSync(files)

/** Print what the kernel lets them do. */
const SCRIPTS = {
  'rights.py': `#!/usr/bin/python3
for name in 'status', 'limits', 'cgroup', 'oom_score_adj', 'stat', 'timerslack_ns', 'sched':
    try: print(name, open('/proc/self/' + name).read())
    except OSError as error: print(name, error.strerror)
`,
  'rights.pl': `#!/usr/bin/perl
BEGIN { my $work = 0; $work += $_ for 1 .. 300_000 }
for my $name (qw(status limits cgroup oom_score_adj stat timerslack_ns sched)) {
  open my $file, '<', "/proc/self/$name" or print "$name $!\\n" and next;
  local $/;
  print "$name ", <$file>, "\\n";
}
`,
} as const
for (const [name, text] of Object.entries(SCRIPTS)) writeProgram(folder, name, text)
const areOld = delay(2_100)

const CONFINEMENTS: Readonly<Record<string, SpawnerOptions>> = {
  'no option': {},
  user: { user: 'nobody', group: 'nogroup' },
  'user with groups': { user: 'www-data' },
  group: { group: 'nogroup' },
  nice: { nice: 7 },
  cpuTimeLimit: { cpuTimeLimit: 5_000 },
  memoryLimit: { memoryLimit: 512 * 1024 * 1024 },
  openFileLimit: { openFileLimit: 50 },
  fileSizeLimit: { fileSizeLimit: 1024 * 1024 },
  all: {
    user: 'nobody',
    group: 'nogroup',
    nice: 7,
    cpuTimeLimit: 5_000,
    memoryLimit: 512 * 1024 * 1024,
    openFileLimit: 50,
    fileSizeLimit: 1024 * 1024,
  },
}

/** Of proc_pid_status(5): what a process may do, and what signals do to it. */
const RIGHTS =
  /^(?:Umask|TracerPid|Uid|Gid|Groups|Kthread|Sig(?:Pnd|Blk|Ign|Cgt)|ShdPnd|Cap\w+|NoNewPrivs|Seccomp\w*|Speculation\w+|CoreDumping|THP_enabled|Threads|\w+_allowed\w*|Max .*|cgroup .*|oom_score_adj .*|timerslack_ns .*|policy|prio)\b.*$/gm

/** The parts of its output that a plain run must have, too. */
function rightsIn(output: string): string[] {
  const rights = output.match(RIGHTS) ?? []
  // Priority and niceness, proc_pid_stat(5).
  const [stat = ''] = /^stat .*$/m.exec(output) ?? []
  const priorities = stat
    .slice(stat.lastIndexOf(')') + 2)
    .split(' ')
    .slice(15, 17)
  return [...rights, priorities.join(' ')]
}

for (const [title, options] of Object.entries(CONFINEMENTS)) {
  void t.test(
    `WARM-45 a warm script has the rights of a plain one: ${title}`,
    OPTIONS,
    async (t) => {
      await areOld
      const plain = createSpawner(options)
      const logger = { warn() {}, error() {} }
      const spawner = makeSpawner(warm({ after: 1 }), { ...options, logger })
      t.after(() => spawner.close?.())
      const ask = (asked: Spawner, name: string): Promise<Run> =>
        runScript(asked, {
          command: [path.join(folder, name)],
          cwd: folder,
          environment: { PATH: '/usr/bin:/bin' },
          body: undefined,
          files,
        })
      for (const name of Object.keys(SCRIPTS)) {
        const expected = rightsIn((await ask(plain, name)).result.output)
        let run = await ask(spawner, name)
        await until(async () => {
          run = await ask(spawner, name)
          return run.isWarm
        }, 'it is warm')
        assert.ok(expected.length > 30, `${expected.length} rights`)
        assert.deepEqual(rightsIn(run.result.output), expected)
      }
    },
  )
}
