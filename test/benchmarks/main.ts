import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { findProgram } from '../servers/program.js'
import { type Call, HELP, parseArguments } from './arguments.js'
import type { Contestant } from './contestant.js'
import { createContestants } from './contestants.js'
import { createDocument } from './document.js'
import { Fleet } from './fleet.js'
import { describeMachine, describeTree } from './machine.js'
import { createPicture } from './picture.js'
import { type BenchmarkRecord, merge, readRecord, writeRecord } from './record.js'
import type { Result } from './result.js'
import { runScenario } from './runner.js'
import type { Scenario } from './scenario.js'
import { scenarios } from './scenarios.js'
import { createSite } from './site.js'
import { replaceSummary } from './summary.js'
import { createTable } from './table.js'
import { findWrk } from './wrk.js'

const DOCUMENTS = fileURLToPath(new URL('../../../docs/', import.meta.url))
const SPEED = path.join(DOCUMENTS, 'speed.md')
const RECORD = path.join(DOCUMENTS, 'benchmarks.json')

const findCompiler = (): string | undefined => findProgram('/usr/bin/gcc', '/usr/local/bin/gcc')

/** @throws if an id is unknown. */
function choose<T extends { readonly id: string }>(
  option: string,
  all: readonly T[],
  ids: readonly string[],
): readonly T[] {
  const known = [...new Set(all.map(({ id }) => id))]
  const unknown = ids.find((id) => !known.includes(id))
  if (unknown !== undefined) {
    throw new Error(`${option}: '${unknown}' is none of ${known.join(', ')}`)
  }
  return ids.length === 0 ? all : all.filter(({ id }) => ids.includes(id))
}

/** Those that can run here; the others are named. */
function present<T>(
  all: readonly T[],
  name: (item: T) => string,
  missing: (item: T) => string | undefined,
): readonly T[] {
  return all.filter((item) => {
    const packages = missing(item)
    if (packages === undefined) return true
    console.error(`left out: ${name(item)} (sudo apt-get install ${packages})`)
    return false
  })
}

function missingFor({ needs }: Scenario): string | undefined {
  const absent = Object.entries(needs).filter(([file]) => !existsSync(file))
  return absent.map(([, name]) => name).join(' ') || undefined
}

function chooseScenarios({ only, isQuick }: Call): readonly Scenario[] {
  const chosen = choose('--only', scenarios, only)
  const wanted = isQuick && only.length === 0 ? chosen.filter((each) => each.isQuick) : chosen
  return present(wanted, ({ id }) => id, missingFor)
}

async function measure(
  chosen: readonly Scenario[],
  contestants: readonly Contestant[],
  { call, compiler }: { call: Call; compiler: string },
): Promise<Result[]> {
  const results: Result[] = []
  const site = await createSite(compiler)
  const fleet = new Fleet(site, call.effort.warmUp)
  const say = (text: string): void => {
    if (call.isVerbose) console.error(text)
  }
  try {
    const tree = describeTree()
    for (const scenario of chosen) {
      const { effort } = call
      const options = { site, fleet, effort, tree, say }
      const result = await runScenario(scenario, contestants, options)
      if (result.rows.length === 0) continue
      results.push(result)
      console.log(`\n## ${scenario.title} (${scenario.id})\n\n${createTable(scenario, result)}`)
    }
  } finally {
    await fleet.close()
    await site.remove()
  }
  return results
}

async function draw(record: BenchmarkRecord): Promise<void> {
  await writeFile(path.join(DOCUMENTS, 'benchmarks.md'), createDocument(record))
  await writeFile(path.join(DOCUMENTS, 'benchmarks.svg'), createPicture(record))
  await writeFile(SPEED, replaceSummary(await readFile(SPEED, 'utf8'), record))
}

/** @returns the exit code. */
async function bench(args: readonly string[]): Promise<number> {
  const call = parseArguments(args)
  if (call === null) {
    process.stdout.write(HELP)
    return 0
  }
  const old = await readRecord(RECORD)
  if (call.isToDraw) {
    if (old === null) throw new Error('--draw: nothing has been measured yet')
    await draw(old)
    return 0
  }
  const all = createContestants(call)
  const chosen = choose('--servers', all, call.servers)
  const wanted = chooseScenarios(call)
  const compiler = findCompiler()
  if (findWrk() === undefined || compiler === undefined) {
    throw new Error('wrk and gcc are needed: sudo apt-get install wrk gcc libc6-dev')
  }
  const contestants = present(
    chosen,
    ({ name }) => name,
    (contestant) => contestant.missing(),
  )
  const machine = describeMachine(compiler)
  const servers = Object.fromEntries(
    contestants.map(({ name, description }) => [name, description]),
  )
  for (const [what, which] of Object.entries({ ...machine, ...servers })) {
    console.log(`${what}: ${which}`)
  }
  const results = await measure(wanted, contestants, { call, compiler })
  if (call.isToWrite) {
    const record = merge(old, { machine, servers, results })
    await mkdir(DOCUMENTS, { recursive: true })
    await writeRecord(RECORD, record)
    await draw(record)
  }
  return results.some(({ rows }) => rows.some(({ failure }) => failure !== undefined)) ? 1 : 0
}

// Leaves through the exit handlers, which stop the servers that run.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

try {
  process.exitCode = await bench(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error('Try --help.')
  process.exitCode = 2
}
