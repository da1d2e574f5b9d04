import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'

/** What the command line asks for. */
export type Call =
  | { readonly type: 'help' }
  | {
      readonly type: 'run'
      readonly seed: number
      readonly runs: number
      /** A part of the names of the properties to look at; empty: all of them. */
      readonly property: string
      readonly path: string | undefined
    }

/** What `--help` shows. */
export const HELP = `Usage: npm run fuzz -- [options]

Looks for inputs that a property of the gateway does not hold for.

Options:
  --seed NUMBER     where the inputs come from; the same seed makes the same
                    inputs (a random one, which is shown)
  --runs NUMBER     how many inputs each property gets (10000); one that costs
                    more, as it starts servers or scripts, gets its share
  --property TEXT   only the properties whose names hold this text
  --path PATH       with --seed and --property: straight to the input that a
                    failure has shown
  --help            show this text

Ends with exit code 1 where a property does not hold, with 2 where an option is
wrong.
`

/** @throws {Error} that names the option which is wrong. */
export function parseArguments(args: readonly string[]): Call {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      runs: { type: 'string' },
      property: { type: 'string' },
      path: { type: 'string' },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return { type: 'help' }
  const path = values.path
  if (path !== undefined && !/^\d+(?::\d+)*$/.test(path)) {
    throw new Error(`--path must be numbers with colons between them, but got '${path}'`)
  }
  if (path !== undefined && (values.seed === undefined || values.property === undefined)) {
    throw new Error('--path needs --seed and --property')
  }
  return {
    type: 'run',
    seed: values.seed === undefined ? createSeed() : checkInteger('--seed', values.seed, 0),
    runs: checkInteger('--runs', values.runs ?? '10000', 1),
    property: values.property ?? '',
    path,
  }
}

/** fast-check takes numbers of 32 bits. */
const MOST = 2 ** 31 - 1

export function createSeed(): number {
  return randomInt(MOST)
}

export function checkInteger(option: string, text: string, least: number): number {
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (!(number >= least && number <= MOST)) {
    throw new Error(`${option} must be a whole number from ${least} to ${MOST}, but got '${text}'`)
  }
  return number
}
