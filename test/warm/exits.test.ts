import type { ScriptExit } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { constants } from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { needs } from '../cli/program.js'
import { toReadable } from '../core/output-streams.js'
import { createTemporaryFolder, writeProgram } from '../core/temporary-folder.js'
import { createWarmSpawner } from './warm-spawners.js'
import { PERL, PYTHON } from './interpreters.js'

const folder = createTemporaryFolder(t)
const CONNECTIONS = 16
const SIGNALS = ['SIGHUP', 'SIGINT', 'SIGABRT', 'SIGKILL', 'SIGSEGV', 'SIGALRM', 'SIGTERM'] as const

const SCRIPTS = {
  [PYTHON]: `
import os, resource, sys
resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
kind, value = os.environ['QUERY_STRING'].split('-')
if kind == 'exit': sys.exit(int(value))
if kind == 'quick': os._exit(int(value))
import signal
if value != '9': signal.signal(int(value), signal.SIG_DFL)
os.kill(os.getpid(), int(value))
`,
  [PERL]: `
use POSIX ();
my ($kind, $value) = split /-/, $ENV{QUERY_STRING};
exit $value if $kind eq 'exit';
POSIX::_exit($value) if $kind eq 'quick';
kill $value, $$;
sleep 10;
`,
}

/** How a script is to end, as its query and as its exit. */
const ENDS: readonly (readonly [string, ScriptExit])[] = [
  ...Array.from({ length: 52 }, (_, index): readonly [string, ScriptExit] => {
    const exitCode = index * 5
    return [`${index % 2 === 0 ? 'exit' : 'quick'}-${exitCode}`, { exitCode, signal: null }]
  }),
  ...SIGNALS.map((signal): readonly [string, ScriptExit] => {
    return [`signal-${constants.signals[signal]}`, { exitCode: null, signal }]
  }),
]

for (const [program, lines] of Object.entries(SCRIPTS)) {
  const options = { ...needs(program), timeout: 120_000 }
  void t.test(`WARM-7 exit codes and signals are known: ${program}`, options, async (t) => {
    const script = writeProgram(folder, `script-${path.basename(program)}`, `#!${program}${lines}`)
    await delay(2_100)
    const spawner = createWarmSpawner({ after: 1 })
    t.after(() => spawner.close?.())
    let warm = 0

    async function run(query: string): Promise<ScriptExit> {
      const environment = { PATH: '/usr/bin:/bin', QUERY_STRING: query }
      const command = [script] as const
      const started = await spawner.spawn({ command, cwd: folder, environment, stdin: 'null' })
      toReadable(started.stdout).resume()
      toReadable(started.stderr).resume()
      if (started.isWarm === true) warm += 1
      return started.exit
    }

    async function work(ends: typeof ENDS): Promise<void> {
      for (const [query, exit] of ends) assert.deepEqual(await run(query), exit, query)
    }

    for (let count = 0; warm === 0 && count < 1_000; count += 1) await run('exit-0')
    await Promise.all(
      Array.from({ length: CONNECTIONS }, (_, connection) =>
        work(ENDS.filter((_end, index) => index % CONNECTIONS === connection)),
      ),
    )
    assert.ok(warm > 1, `${warm} warm`)
  })
}
