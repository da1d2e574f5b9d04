import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { compare } from './comparison.js'
import { createScriptCases, type ScriptCase } from './script-case.js'

/** A file that has just been written gets no fork server. */
const LEAST_AGE = 2_100
const NO_HANG = { timeout: 400_000, buffered: true } as const

/** Compares plain and warm runs of the scripts that are chosen. `ONLY` of the environment: a regular expression for names. */
export async function differentialSuite(
  t: Test,
  isChosen: (declarations: ScriptCase['declarations']) => boolean,
): Promise<void> {
  t.jobs = 3
  const hasPending = process.env['PENDING'] !== undefined
  const only = new RegExp(process.env['ONLY'] ?? '')
  const all = createScriptCases(createTemporaryFolder(t))
  const cases = all.filter(
    ({ name, declarations }) =>
      isChosen(declarations) && only.test(name) && (hasPending || !declarations.isPending),
  )
  await delay(LEAST_AGE)
  await Promise.all(
    cases.map((each) =>
      t.test(`WARM-40 ${each.name}`, { ...NO_HANG, skip: missingModule(each) }, () =>
        compare(each),
      ),
    ),
  )
}

function missingModule({ declarations, requests: [{ command }] }: ScriptCase): string | false {
  const isPython = command[0].endsWith('.py')
  const missing = declarations.modules.find((name) => {
    const args = isPython ? ['-c', `import ${name}`] : [`-M${name}`, '-e1']
    return spawnSync(isPython ? '/usr/bin/python3' : '/usr/bin/perl', args).status !== 0
  })
  return missing === undefined ? false : `needs ${missing}`
}
