import { spawnSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { compare } from './comparison.js'
import { createScriptCases, type ScriptCase } from './script-case.js'
import { PERL, PYTHON } from '../interpreters.js'

/** A file that has just been written gets no fork server. */
const LEAST_AGE = 2_100
const NO_HANG = { timeout: 900_000, buffered: true } as const

/** Compares plain and warm runs of the scripts that `npm test` runs. */
export async function quickSuite(t: Test): Promise<void> {
  await runSuite(t, ({ declarations }) => declarations.isQuick)
}

/** Compares those of the other scripts that are the part `part` of `parts`, so that each processor has work. */
export async function restOfSuite(t: Test, part: number, parts: number): Promise<void> {
  let place = 0
  await runSuite(t, ({ declarations }) => {
    if (declarations.isQuick) return false
    place += 1
    return place % parts === part % parts
  })
}

/** `ONLY` of the environment: a regular expression for names. */
async function runSuite(t: Test, isChosen: (scriptCase: ScriptCase) => boolean): Promise<void> {
  t.jobs = 3
  const hasPending = process.env['PENDING'] !== undefined
  const only = new RegExp(process.env['ONLY'] ?? '')
  const cases = createScriptCases(createTemporaryFolder(t)).filter((each) => {
    const { name, declarations } = each
    return isChosen(each) && only.test(name) && (hasPending || !declarations.isPending)
  })
  await delay(LEAST_AGE)
  await Promise.all(cases.map((each) => testCase(t, each)))
}

/** In CI (the variable CI is set), what an interpreter lacks is a failure. */
async function testCase(t: Test, each: ScriptCase): Promise<void> {
  const lack = lackOf(each)
  const isFailure = lack !== false && process.env['CI'] !== undefined
  await t.test(`WARM-40 ${each.name}`, { ...NO_HANG, skip: !isFailure && lack }, async () => {
    if (isFailure) throw new Error(lack)
    await compare(each)
  })
}

/** Why the interpreter cannot run a script. */
function lackOf({ declarations, requests: [{ command }] }: ScriptCase): string | false {
  const isPython = command[0].endsWith('.py')
  const succeeds = (...args: readonly string[]): boolean =>
    spawnSync(isPython ? PYTHON : PERL, args).status === 0
  const { modules, since } = declarations
  const [major, minor] = since?.split('.') ?? []
  const has = isPython
    ? `import sys; raise SystemExit(sys.version_info < (${major}, ${minor}))`
    : `use v${since}`
  if (since !== undefined && !succeeds(isPython ? '-c' : '-e', has)) return `needs ${since}`
  const missing = modules.find(
    (name) => !(isPython ? succeeds('-c', `import ${name}`) : succeeds(`-M${name}`, '-e1')),
  )
  return missing === undefined ? false : `needs ${missing}`
}
