// Finds the test files that are meant by names of files, sources and rules.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

export const BUILD = path.resolve(import.meta.dirname, '../test/build')
const TEST = '.test.js'

/** Left to `npm run test:all`: programs, browsers, endurance, and what the same code shows elsewhere. */
const REST = [
  /^(apps|attack|benchmarks|soak)\//,
  /^docs\/(?!index\.|reference\.)/,
  /^fuzz\/command\./,
  /^(fastify|express)\/(gateway|middleware)-contract/,
  /^fastify\/.*-tls\./,
  /^express\/adapter-contract-express-(4|.*-message-classes)\./,
  /^conformance\/frameworks/,
  /^fastcgi\/(cases-(?!node-http)|contract\/|hostile|machines|memory\/|peers)/,
  /^warm\/(applications\/|contract\/|differential\/(differential-rest-\d|programs)\.|python\/(random-imports|script|versions)\.)/,
  /^cli\/(browser|first-minutes|status-browser|python)\./,
  /^core\/.*-child-process\./,
  /^(error-page|host-end-setups|memory)\./,
]

/** Run first, since they take longest: else a long file runs alone at the end. */
const LONG = [
  /(adapter|gateway|middleware)-contract/,
  /^cli\/(arguments|colours|connections|status-browser|stop)\./,
  /^(attack|docs)\//,
  /^core\/process\/confinement\//,
  /^fastcgi\/(cases-|contract\/|machines|workers\/)/,
  /^warm\/(applications|contract|differential|mutation|soak)\//,
  /^(host-end|memory|soak\/soak|transport)/,
]

/** The same files, the long ones first. */
export function byLength(files) {
  const isLong = (file) => LONG.some((pattern) => pattern.test(file))
  return [...files.filter(isLong), ...files.filter((file) => !isLong(file))]
}

/**
 * @param {{ names: string[], rules: string[], command: 'test' | 'rest' | 'all' }} wanted - without
 *   names and rules, each file of the command is meant
 * @returns {string[]} paths below BUILD
 */
export function findTestFiles({ names, rules, command }) {
  const modules = readdirSync(BUILD, { recursive: true }).filter((file) => file.endsWith('.js'))
  const tests = modules.filter((file) => file.endsWith(TEST)).toSorted((a, b) => (a < b ? -1 : 1))
  const isRest = (file) => REST.some((pattern) => pattern.test(file))
  const few = tests.filter((file) => !isRest(file))
  if (names.length === 0 && rules.length === 0) {
    if (command === 'all') return tests
    return command === 'rest' ? tests.filter(isRest) : few
  }
  const reached = new Map(tests.map((file) => [file, importsOf(file)]))
  const known = new Set([...reached.values()].flatMap((found) => [...found]))
  const nearest = names.map((name) => nearestOf(name, known))
  const hits = tests.filter((file) => {
    const sources = [...reached.get(file)]
    const isNamed =
      nearest.length === 0 ||
      nearest.some((name) => sources.some((source) => isNameOf(name, source)))
    const texts = sources.map((source) => source.startsWith('@') || textOf(source))
    const hasRule = rules.some((rule) =>
      texts.some((text) => text !== true && new RegExp(`\\b${rule}\\b`).test(text)),
    )
    return isNamed && (rules.length === 0 || hasRule)
  })
  if (command === 'all') return hits
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
