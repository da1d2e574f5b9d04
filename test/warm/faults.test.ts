import type { Spawner } from '@common-gateway/core/transport'
import { warm } from '@common-gateway/warm'
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { makeSpawner } from '@internal/core/process/made-spawner.js'
import { needsRoot } from '../apps/programs.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { descriptorsOf, isRunning, until } from '../support/processes.js'
import { type Run, runScript } from './differential/script-run.js'

const OPTIONS = { ...needsRoot('perl'), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const files = path.join(folder, 'files')
mkdirSync(files)
const SCRIPTS = {
  'answer.pl':
    '#!/usr/bin/perl\nuse POSIX ();\nBEGIN { my $work = 0; $work += $_ for 1 .. 300_000 }\nprint "answer\\n";\n',
} as const
for (const [name, text] of Object.entries(SCRIPTS)) writeProgram(folder, name, text)
const areOld = delay(2_100)

/** Changes a soft limit of a process of the user. To change that of another user's, root needs CAP_SYS_RESOURCE. */
function limit(pid: number, resource: string, value: number): void {
  const prlimit = ['prlimit', '--pid', String(pid), `--${resource}=${value}:`]
  execFileSync('setpriv', ['--reuid=nobody', '--regid=nogroup', '--clear-groups', ...prlimit])
}

/** The lowest number that a new descriptor of a process would get. */
function lowestDescriptor(pid: number): number {
  const open = new Set(readdirSync(`/proc/${pid}/fd`))
  let number = 0
  while (open.has(String(number))) number += 1
  return number
}

interface Fault {
  readonly happen: (pid: number) => void
  /** Why the request is started plainly meanwhile. */
  readonly reason: RegExp
  /** The same fork server works again after that. */
  readonly undo?: (pid: number) => void
}

const allowDescriptors = (pid: number): void => limit(pid, 'nofile', 1_000)

const FAULTS: Readonly<Record<string, Fault>> = {
  'no process may begin': {
    happen: (pid) => limit(pid, 'nproc', 1),
    reason: /^fork: Resource temporarily unavailable$/,
    undo: (pid) => limit(pid, 'nproc', 4_000),
  },
  'it has no descriptor left': {
    happen: (pid) => limit(pid, 'nofile', 3),
    reason: /^it came without three descriptors$|^its message is incomplete$/,
    undo: allowDescriptors,
  },
  'it has one descriptor left': {
    happen: (pid) => limit(pid, 'nofile', lowestDescriptor(pid) + 1),
    reason: /^it came without three descriptors$|^its message is incomplete$/,
    undo: allowDescriptors,
  },
  'it has two descriptors left': {
    happen: (pid) => limit(pid, 'nofile', lowestDescriptor(pid) + 2),
    reason: /^it came without three descriptors$|^its message is incomplete$/,
    undo: allowDescriptors,
  },
  'it is stopped': {
    happen: (pid) => process.kill(pid, 'SIGSTOP'),
    reason: /^its fork server did not answer within 5000 ms$/,
  },
  'it is killed': {
    happen: (pid) => process.kill(pid, 'SIGKILL'),
    reason: /^its fork server (?:ended: SIGKILL|takes no request at the moment)|^it has not run/,
  },
}

/** More than a pipe that the fork server has for a moment. */
const REQUESTS = 4
/** Of plain runs that have nothing to do with the fault. */
const OTHER_REASONS: ReadonlySet<string> = new Set([
  'it is measured beside its fork server',
  'its fork server is loading',
  'modules are being loaded',
])

for (const name of Object.keys(SCRIPTS)) {
  for (const [title, { happen, reason, undo }] of Object.entries(FAULTS)) {
    void t.test(`WARM-46 no request is lost where ${title} (${name})`, OPTIONS, async (t) => {
      await areOld
      const spawner: Spawner = makeSpawner(warm({ after: 1 }), {
        logger: { warn() {}, error() {} },
        user: 'nobody',
        group: 'nogroup',
      })
      t.after(() => spawner.close?.())
      const ask = (): Promise<Run> =>
        runScript(spawner, {
          command: [path.join(folder, name)],
          cwd: folder,
          environment: { PATH: '/usr/bin:/bin' },
          body: undefined,
          files,
        })
      let warmRuns = 0
      const askUntilWarm = (count: number): Promise<void> =>
        until(async () => {
          const { isWarm, result } = await ask()
          assert.equal(result.output, 'answer\n')
          if (isWarm) warmRuns += 1
          return warmRuns >= count
        }, 'it is warm')
      // What the first ones import is shared after that.
      await askUntilWarm(4)
      const serverPid = (): number | undefined => spawner.stats?.()?.scripts[0]?.pid
      await until(() => serverPid() !== undefined, 'it takes requests')
      const pid = serverPid() ?? 0
      const descriptors = descriptorsOf(pid).length
      happen(pid)
      const reasons: (string | undefined)[] = []
      for (let count = 0; count < REQUESTS; count += 1) {
        const { isWarm, plainReason, result } = await ask()
        assert.equal(result.output, 'answer\n')
        if (!isWarm) reasons.push(plainReason)
      }
      assert.match(reasons.find((each) => !OTHER_REASONS.has(each ?? '')) ?? '', reason)
      undo?.(pid)
      await askUntilWarm(warmRuns + 1)
      if (undo === undefined) return
      // One whose modules have changed, or that is not faster on a busy machine, has ended.
      if (isRunning(pid))
        assert.ok(descriptorsOf(pid).length <= descriptors, descriptorsOf(pid).join())
    })
  }
}
