import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { PythonServer, writeScripts } from './python-server.js'
import { needs } from '../../cli/program.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { until, untilGone } from '../../support/processes.js'
import { PYTHON } from '../interpreters.js'

const WITH_PYTHON = { ...needs(PYTHON), timeout: 120_000 }
const folder = createTemporaryFolder(t)
const environment = { PYTHONPATH: path.join(folder, 'site-packages') }

/** A module that turns off each timer, and then waits in the twin of the trial, or in the trial itself. */
const HANGING = (isTwin: boolean): string => `
import os, signal, time
signal.alarm(0)
signal.setitimer(signal.ITIMER_REAL, 0)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
if "QUERY_STRING" not in os.environ and ("HTTP_X_TWIN" in os.environ) is ${isTwin ? 'True' : 'False'}:
    time.sleep(1000)
`

t.before(() =>
  writeScripts(folder, {
    'site-packages/hangs_in_twin.py': HANGING(true),
    'site-packages/hangs_in_trial.py': HANGING(false),
    'twin.py': 'import hangs_in_twin\nprint(1)',
    'trial.py': 'import hangs_in_trial\nprint(1)',
  }),
)

/** Those that it has started, and theirs. */
function descendantsOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1')
    .split(' ')
    .filter((text) => text !== '')
    .map(Number)
  return children.flatMap((child) => [child, ...descendantsOf(child)])
}

/** Whether SIGALRM is blocked in it, which is the last that the module does before it waits. */
function waits(pid: number): boolean {
  const blocked = /^SigBlk:\s*(\w+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  return (BigInt(`0x${blocked ?? '0'}`) & (1n << 13n)) !== 0n
}

for (const [name, processes] of [
  ['twin', 2],
  ['trial', 1],
] as const) {
  void t.test(
    `WARM-24 a trial that hangs ends with its fork server: ${name}`,
    WITH_PYTHON,
    async (t) => {
      const server = new PythonServer(t, path.join(folder, `${name}.py`), { environment })
      await server.untilReady()
      await server.request()
      let found: number[] = []
      await until(() => {
        found = descendantsOf(server.pid)
        return found.length === processes && found.some(waits)
      }, 'it hangs')
      const answer = await server.request()
      assert.ok(typeof answer !== 'string')
      assert.equal(answer.stdout, '1\n')
      await server.close()
      await untilGone(...found)
    },
  )
}
