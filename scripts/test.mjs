// Runs tests: `npm test` and its relatives. CONTRIBUTING.md says what each command runs.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { runTapFile } from './tap-file.mjs'
import { detailsOf, hasFailed, summaryOf } from './tap-report.mjs'
import { BUILD, byLength, findTestFiles } from './test-files.mjs'

const CASES = path.resolve(import.meta.dirname, '../test/cases.json')

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean' },
    rest: { type: 'boolean' },
    watch: { type: 'boolean' },
    list: { type: 'boolean' },
  },
})
const rules = positionals.filter((name) => /^[A-Z]+(-\d+)?$/.test(name))
const names = positionals.filter((name) => !rules.includes(name))
const command = values.all ? 'all' : values.rest ? 'rest' : 'test'

if (values.watch) watch()
else await runOnce()

async function runOnce() {
  const files = findTestFiles({ names, rules, command })
  if (files.length === 0) {
    console.error(`No test is found for ${positionals.join(' ')}.`)
    process.exitCode = 1
    return
  }
  if (values.list) {
    console.log(files.join('\n'))
    return
  }
  const total = await run(files)
  const isWhole = positionals.length === 0
  const fault = isWhole && process.env.CI !== undefined ? faultOf(total) : undefined
  if (fault !== undefined) console.error(fault)
  process.exitCode = total.failed > 0 || total.cases === 0 || fault !== undefined ? 1 : 0
}

/** Runs files and sums up. */
async function run(files) {
  const started = performance.now()
  const total = { cases: 0, failed: 0, skipped: 0 }
  const failures = []
  const left = byLength(files)
  async function work() {
    for (let file = left.shift(); file !== undefined; file = left.shift()) {
      const result = await runTapFile(path.join(BUILD, file), rules)
      total.cases += result.cases.length
      total.skipped += result.cases.filter((found) => found.skip).length
      if (hasFailed(result)) {
        total.failed += Math.max(1, result.cases.filter((found) => !found.ok).length)
        failures.push(file)
      }
      console.log(summaryOf(file, result))
      if (hasFailed(result) || files.length === 1) console.log(detailsOf(result))
    }
  }
  // Tests of the command often wait. Browsers and attacks do not.
  const spare = command === 'test' ? 1 : 0
  await Promise.all(Array.from({ length: availableParallelism() + spare }, work))
  const seconds = Math.round((performance.now() - started) / 1000)
  console.log(
    `\n${total.cases} cases, ${total.failed} failed, ${total.skipped} skipped, ${seconds} s`,
  )
  for (const file of failures) console.log(`failed: ${file}`)
  return total
}

/** A case that is lost or skipped is a fault, since nothing else tells. */
function faultOf({ cases, skipped }) {
  if (command === 'all') return
  const expected = JSON.parse(readFileSync(CASES, 'utf8'))[command]
  if (skipped > 0) return `${skipped} cases are skipped.`
  if (cases < expected) {
    return `${cases} cases where test/cases.json says ${expected}: some are lost.`
  }
}

/** Compiles on each change, and runs the tests after it. */
function watch() {
  const compiler = spawn('npx', ['tsc', '-b', '--watch', '--preserveWatchOutput'], {
    stdio: ['inherit', 'pipe', 'inherit'],
  })
  let running = Promise.resolve()
  createInterface({ input: compiler.stdout }).on('line', (line) => {
    console.log(line)
    if (line.includes('Found 0 errors')) running = running.then(runOnce)
  })
}
