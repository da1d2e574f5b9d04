// One test program, and the cases in its TAP.
import { spawn } from 'node:child_process'
import path from 'node:path'
import { Parser } from 'tap-parser'
import { findTestPath } from './test-path.mjs'

const ONLY_RULES = path.resolve(import.meta.dirname, 'only-rules.mjs')

const TEST_PATH = findTestPath()

const running = new Set()

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal)
    process.kill(process.pid, signal)
  })
}

/**
 * Runs a compiled test file. This is done here since tap's own runner puts loaders in each process,
 * which costs two seconds of processor time for each file, and into the NODE_OPTIONS of each Node
 * process that a test starts.
 *
 * @param {string} file
 * @param {string[]} rules - ids such as MAP-4; without any, each case is run
 * @param {object} options
 * @param {Record<string, string>} [options.environment] - variables beside those of this process
 * @param {number} [options.seconds] - how long tap waits for the file
 * @returns the cases in their order, and `faults`: lines about the file itself
 */
export function runTapFile(file, rules, { environment = {}, seconds: limit = 600 } = {}) {
  const only = rules.length > 0 ? [`--import=${ONLY_RULES}`] : []
  const started = performance.now()
  const child = spawn(process.execPath, [...only, file], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // A test that tap has given up can keep its process alive.
    timeout: (limit + 300) * 1000,
    killSignal: 'SIGKILL',
    // Without it tap ends each test after 30 s.
    env: {
      ...process.env,
      PATH: TEST_PATH,
      TAP_TIMEOUT: String(limit),
      ONLY_RULES: rules.join(' '),
      ...environment,
    },
  })
  running.add(child)
  const cases = []
  const faults = []
  const parser = new Parser((results) => {
    for (const { tapError } of results.failures) if (tapError) faults.push(tapError)
  })
  collectCases(parser, [], cases)
  child.stdout.pipe(parser)
  let standardError = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    standardError += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      running.delete(child)
      const hasFailed = cases.some((found) => !found.ok)
      if (code !== 0 && !hasFailed) faults.push(`ended with ${signal ?? `exit code ${code}`}`)
      if (cases.length === 0 && rules.length === 0) faults.push('no case was run')
      const seconds = (performance.now() - started) / 1000
      resolve({ cases, faults, seconds, standardError: standardError.trimEnd() })
    })
  })
}

/** A case is a subtest without subtests, or an assertion that failed outside of one. */
function collectCases(parser, names, cases) {
  let subtest
  parser.on('child', (child) => {
    subtest = { cases: [], assertions: [] }
    collectCases(child, [...names, child.name], subtest.cases)
    child.on('assert', (result) => subtest.assertions.push(result))
  })
  parser.on('assert', (result) => {
    const { ok, skip, name } = result
    const found = { ok, skip, names: [...names, name] }
    if (subtest === undefined) {
      if (!ok || skip) cases.push({ ...found, details: [result] })
      return
    }
    const inside = subtest.cases
    cases.push(...inside)
    const details = [result, ...subtest.assertions.filter((assertion) => !assertion.ok)]
    if (inside.length === 0 || (!ok && inside.every((child) => child.ok))) {
      cases.push({ ...found, details })
    }
    subtest = undefined
  })
}
