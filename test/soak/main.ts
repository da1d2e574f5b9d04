import { HELP, parseArguments } from './arguments.js'
import { kinds } from './kinds.js'
import { createSoakSite } from './site.js'
import { soak, type SoakPlan } from './soak.js'

/** The kinds of request that need a program which not every system has. */
const NEEDS = new Map([
  ['a program in C', 'c'],
  ['a script in perl', 'perl'],
  ['a script in python', 'python'],
])

/** @returns the exit code. */
async function main(args: readonly string[]): Promise<number> {
  let call: ReturnType<typeof parseArguments>
  try {
    call = parseArguments(args)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    console.error('Try --help.')
    return 2
  }
  if (call.type === 'help') {
    process.stdout.write(HELP)
    return 0
  }
  const { requests, seed, frameworks, options } = call
  const wanted = kinds.filter(({ name }) => call.kinds.some((text) => name.includes(text)))
  if (wanted.length === 0) {
    console.error(`--kind: there is none whose name holds '${call.kinds.join("' or '")}'`)
    return 2
  }
  let isGood = true
  for (const framework of frameworks) {
    const site = createSoakSite()
    try {
      const possible = wanted.filter(({ name }) => {
        const language = NEEDS.get(name)
        return language === undefined || site.languages.some((each) => each === language)
      })
      const leftOut = wanted.filter((each) => !possible.includes(each)).map(({ name }) => name)
      if (leftOut.length > 0) console.log(`left out: ${leftOut.join(', ')}`)
      const share = Math.ceil(requests / frameworks.length)
      console.log(`${framework}: ${share} requests, seed ${seed}`)
      isGood =
        (await run({ framework, requests: share, seed, kinds: possible, site, options })) && isGood
    } finally {
      site.remove()
    }
  }
  if (!isGood) console.log(`Again: npm run soak -- --seed ${seed} --requests ${requests}`)
  return isGood ? 0 : 1
}

const MEGABYTE = 1024 * 1024
/** How many faults are printed. */
const MOST_FAULTS = 30

async function run(plan: SoakPlan): Promise<boolean> {
  const start = performance.now()
  const result = await soak({
    ...plan,
    onPart(made, { heapBytes, residentBytes }) {
      const seconds = ((performance.now() - start) / 1000).toFixed(0)
      const [heap, resident] = [heapBytes, residentBytes].map((each) =>
        (each / MEGABYTE).toFixed(1),
      )
      console.log(`${made} requests, ${seconds} s, heap ${heap} MB, resident ${resident} MB`)
    },
  })
  console.log(result.tally.toString())
  for (const { what, perRequest, bytes, limit } of result.growth) {
    const [grown, most] = [bytes, limit].map((each) => (each / MEGABYTE).toFixed(2))
    console.log(`${what}: ${perRequest.toFixed(1)} for each request, ${grown} MB of ${most} MB`)
  }
  for (const fault of result.faults.slice(0, MOST_FAULTS)) console.log(`FAULT ${fault}`)
  const { requests, applications, started, faults } = result
  console.log(
    `${plan.framework}: ${requests} requests, ${started} scripts, ${applications} applications, ` +
      `${faults.length} faults`,
  )
  return faults.length === 0
}

process.exitCode = await main(process.argv.slice(2))
