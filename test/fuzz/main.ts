import { HELP, parseArguments } from './arguments.js'
import { commandFor, properties } from './properties.js'

/** @returns the exit code. */
async function fuzz(args: readonly string[]): Promise<number> {
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
  const { seed, runs, path } = call
  const chosen = properties.filter(({ name }) => name.includes(call.property))
  if (chosen.length === 0) {
    console.error(`--property: there is none whose name holds '${call.property}'`)
    return 2
  }
  let inputs = 0
  let failures = 0
  for (const property of chosen) {
    const start = performance.now()
    const share = Math.ceil(runs / property.cost)
    const finding = await property.check({ seed, inputs: share, path })
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    const verdict = finding.failure === undefined ? 'holds' : 'FAILS'
    console.log(`${verdict} ${finding.inputs} inputs ${seconds} s ${property.name}`)
    inputs += finding.inputs
    if (finding.failure === undefined) continue
    failures += 1
    console.log(finding.failure)
    console.log(`Again: ${commandFor(property, seed)} --runs ${runs}`)
  }
  console.log(`seed ${seed}: ${inputs} inputs, ${failures} of ${chosen.length} properties fail`)
  return failures === 0 ? 0 : 1
}

process.exitCode = await fuzz(process.argv.slice(2))
