// Runs the tests of warm interpreters with each interpreter that is named. CONTRIBUTING.md says how.
import { spawnSync } from 'node:child_process'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { runTapFile } from './tap-file.mjs'
import { detailsOf, hasFailed, summaryOf } from './tap-report.mjs'
import { BUILD, findTestFiles } from './test-files.mjs'

const VERSION = {
  python: ['-c', 'import sys; print("%d.%d.%d" % sys.version_info[:3])'],
  perl: ['-e', 'printf "%vd", $^V'],
}
const FILES = {
  python:
    /^warm\/(differential\/differential|python\/(changes|extension-modules|interpreter-state|modules|random-imports|script)\.)/,
  perl: /^warm\/(differential\/|perl\/)/,
}

const programs = process.argv.slice(2).map((program) => ({ program, ...identify(program) }))
if (programs.length === 0) {
  console.error('Type npm run test:interpreters -- /path/to/python3 /path/to/perl …')
  process.exitCode = 2
}
for (const each of programs) await runWith(each)

/** Its language and its version. */
function identify(program) {
  for (const [language, args] of Object.entries(VERSION)) {
    const { status, stdout } = spawnSync(program, args, { encoding: 'utf8' })
    if (status === 0) return { language, version: stdout.trim() }
  }
  throw new Error(`${program} is neither Python nor Perl.`)
}

async function runWith({ program, language, version }) {
  console.log(`${language} ${version}: ${program}`)
  const environment = { [language.toUpperCase()]: program, ONLY: `^${language}/` }
  const left = findTestFiles({ names: [], rules: [], command: 'all' }).filter((file) =>
    FILES[language].test(file),
  )
  const cases = []
  const isLeftOut = ({ skip }) => Boolean(skip)
  async function work() {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const result = await runTapFile(path.join(BUILD, file), [], { environment, seconds: 3600 })
      cases.push(...result.cases)
      console.log(summaryOf(file, result))
      if (!hasFailed(result)) continue
      process.exitCode = 1
      const failed = result.cases.filter(({ ok }) => !ok)
      console.log(detailsOf({ ...result, cases: failed }))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  for (const { names, skip } of cases.filter(isLeftOut)) {
    console.log(`left out: ${names.at(-1)}: ${skip}`)
  }
  const failed = cases.filter(({ ok }) => !ok).length
  const skipped = cases.filter(isLeftOut).length
  console.log(
    `${language} ${version}: ${cases.length} cases, ${failed} failed, ${skipped} left out\n`,
  )
}
