// Runs tests: `npm test` and its relatives. CONTRIBUTING.md says what each command runs.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'

const STREAMS = { stdio: 'inherit' }
const BUILD = path.resolve(import.meta.dirname, '../test/build')
const TEST = '.test.js'

/** Left to `npm run test:all`: programs, browsers, endurance, and what the same code shows elsewhere. */
const REST = [
  /^(apps|attack|benchmarks|docs|soak)\//,
  /^(fastify|express)\/(gateway|middleware)-contract/,
  /^conformance\/frameworks/,
  /^cli\/(browser|status-browser|python)\./,
  /^memory\./,
]

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
const files = filesFor(names, rules)
if (files.length === 0) {
  console.error(`No test is found for ${positionals.join(' ')}.`)
  process.exit(1)
}
if (values.list) console.log(files.join('\n'))
else run(files)

/** The test files for names of files, and for rules. Without any: those of the command. */
function filesFor(wantedNames, wantedRules) {
  const modules = readdirSync(BUILD, { recursive: true }).filter((file) => file.endsWith('.js'))
  const tests = modules.filter((file) => file.endsWith(TEST)).toSorted()
  const isRest = (file) => REST.some((pattern) => pattern.test(file))
  const few = tests.filter((file) => !isRest(file))
  if (positionals.length === 0) {
    if (values.all) return tests
    return values.rest ? tests.filter(isRest) : few
  }
  const reached = new Map(tests.map((file) => [file, importsOf(file)]))
  const known = new Set([...reached.values()].flatMap((found) => [...found]))
  const nearest = wantedNames.map((name) => nearestOf(name, known))
  const hits = tests.filter((file) => {
    const sources = [...reached.get(file)]
    const isNamed =
      nearest.length === 0 ||
      nearest.some((name) => sources.some((source) => isNameOf(name, source)))
    const texts = sources.map((source) => source.startsWith('@') || textOf(source))
    const hasRule = wantedRules.some((rule) =>
      texts.some((text) => text !== true && new RegExp(`\\b${rule}\\b`).test(text)),
    )
    return isNamed && (wantedRules.length === 0 || hasRule)
  })
  if (values.all) return hits
  const own = hits.filter((file) => nearest.some((name) => isNameOf(name, file)))
  const wanted = own.length > 0 ? own : hits
  const short = wanted.filter((file) => few.includes(file))
  const chosen = short.length > 0 ? short : wanted
  if (own.length > 0) return chosen
  // Once is enough for an answer in seconds.
  const isContract = (file) => /-contract/.test(file) && !file.startsWith('node-http/')
  const once = chosen.filter((file) => !isContract(file))
  return once.length > 0 ? once : chosen
}

/** The name itself; for a source that no test imports, the nearest folder around it that has tests. */
function nearestOf(name, known) {
  if (!existsSync(path.join(BUILD, '../..', name))) return name
  const all = [...known]
  let nearest = name
  while (!all.some((module) => isNameOf(nearest, module))) {
    const folder = path.dirname(nearest)
    if (!/^(\.\/)?packages\/\w+\/src\b/.test(folder)) return name
    nearest = folder
  }
  return nearest
}

/** A test file, and what it imports from test/build or, as `@…`, from a package. */
function importsOf(file, found = new Set()) {
  if (found.has(file)) return found
  found.add(file)
  for (const [, specifier] of textOf(file).matchAll(/(?:from|import\() ?'([^']+)'/g)) {
    if (/^@(internal|common-gateway)\//.test(specifier)) found.add(specifier)
    if (!specifier.startsWith('.') || !specifier.endsWith('.js')) continue
    const imported = path.relative(BUILD, path.resolve(BUILD, path.dirname(file), specifier))
    if (!imported.startsWith('..')) importsOf(imported, found)
  }
  return found
}

function textOf(file) {
  try {
    return readFileSync(path.join(BUILD, file), 'utf8')
  } catch {
    return ''
  }
}

/** Whether a name, or the path of a source or of a test, means this module. */
function isNameOf(name, module) {
  const wanted = name.replace(/^\.\//, '').replace(/(\.test)?\.[tj]s$/, '')
  const is = module.replace(/(\.test)?\.js$/, '')
  const source = /^packages\/(\w+)\/src(\/.+)?$/.exec(wanted)
  if (source !== null) {
    const [, workspace, file = ''] = source
    // A file, a folder with tests, or an entry of the package.
    const own = workspace + file
    return [own, `@internal/${own}`, `@common-gateway/${own}`].some(
      (each) => is === each || (file !== '/index' && is.startsWith(`${each}/`)),
    )
  }
  const inTest = wanted.replace(/^test\/(build\/)?/, '')
  return !module.startsWith('@') && (is === inTest || is.endsWith(`/${inTest}`))
}

function run(testFiles) {
  const pattern = rules.length > 0 ? [`--test-name-pattern=\\b(${rules.join('|')})\\b`] : []
  const watch = values.watch ? ['--watch'] : []
  if (values.watch) spawn('npx', ['tsc', '-b', '--watch', '--preserveWatchOutput'], STREAMS)
  const options = [`--test-concurrency=${availableParallelism()}`, '--test-reporter=spec']
  const paths = testFiles.map((file) => path.join(BUILD, file))
  const args = ['--test', ...watch, ...options, ...pattern, ...paths]
  if (rules.length === 0) {
    finishWith(spawn(process.execPath, args, STREAMS))
    return
  }
  // The reporter prints each case that the pattern leaves out.
  const child = spawn(process.execPath, args, { stdio: ['inherit', 'pipe', 'inherit'] })
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (!line.includes('# test name does not match pattern')) console.log(line)
  })
  finishWith(child)
}

function finishWith(child) {
  child.on('close', (code) => {
    process.exitCode = code ?? 1
  })
}
