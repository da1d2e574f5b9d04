import { parseArgs } from 'node:util'
import type { OptionSet } from './node-server.js'
import type { Effort } from './scenario.js'

/** What the command line asks for. */
export interface Call {
  readonly isQuick: boolean
  /** Ids of scenarios; none: all. */
  readonly only: readonly string[]
  /** Ids of servers; none: all. */
  readonly servers: readonly string[]
  /** Options for the gateway. */
  readonly options: OptionSet
  /** Options that ours gets once more with, beside the run without. */
  readonly variants: readonly OptionSet[]
  readonly effort: Effort
  readonly isToWrite: boolean
  readonly isVerbose: boolean
  /** Nothing is measured: what is known is drawn once more. */
  readonly isToDraw: boolean
}

/** What `--help` shows. */
export const HELP = `Usage: npm run bench -- [options]

Measures the gateway beside other servers that run CGI programs.

Options:
  --quick                  a few scenarios and short rounds, in under two minutes
  --only LIST              only these scenarios: c-16,large-out
  --servers LIST           only these servers: lighttpd,fastify
  --option NAME=VALUE      an option for the gateway; can be repeated
  --variant NAME=VALUE,... ours takes part once more, with these options; can be
                           repeated
  --rounds NUMBER          how many rounds (3; quick: 2)
  --seconds NUMBER         how long each server is measured in each (2; quick: 1)
  --write                  writes docs/benchmarks.json, .md and .svg and the table
                           of the README; scenarios that were not measured stay,
                           on the same machine
  --draw                   measures nothing, and writes all but the first of these
                           once more
  --verbose                shows the figures of each round
  --help                   show this text
`

const FULL: Effort = { seconds: 2, rounds: 3 }
const QUICK: Effort = { seconds: 1, rounds: 2 }

/** @returns null where help is asked for. @throws {Error} that names the option which is wrong. */
export function parseArguments(args: readonly string[]): Call | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string', default: '' },
      servers: { type: 'string', default: '' },
      option: { type: 'string', multiple: true, default: [] },
      variant: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      write: { type: 'boolean', default: false },
      draw: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help) return null
  const chosen = [values.servers, ...values.option, ...values.variant].some((text) => text !== '')
  if (values.write && (values.quick || chosen)) {
    throw new Error('--write is for whole rounds of all servers as they are')
  }
  const { seconds, rounds } = values.quick ? QUICK : FULL
  return {
    isQuick: values.quick,
    only: parseList(values.only),
    servers: parseList(values.servers),
    options: parseOptions('--option', values.option),
    variants: values.variant.map((text) => parseOptions('--variant', parseList(text))),
    effort: {
      seconds: parseCount('--seconds', values.seconds) ?? seconds,
      rounds: parseCount('--rounds', values.rounds) ?? rounds,
    },
    isToWrite: values.write,
    isToDraw: values.draw,
    isVerbose: values.verbose,
  }
}

function parseList(text: string): string[] {
  return text.split(',').filter((word) => word !== '')
}

function parseOptions(name: string, texts: readonly string[]): OptionSet {
  return Object.fromEntries(
    texts.map((text) => {
      const [, key = '', value = ''] = /^(\w+)=(.*)$/s.exec(text) ?? []
      if (key === '') throw new Error(`${name} must be NAME=VALUE, but got '${text}'`)
      return [key, parseValue(value)]
    }),
  )
}

/** Numbers, truth values, lists and objects as JSON has them; all else is text. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function parseCount(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (!/^[1-9]\d{0,2}$/.test(text)) {
    throw new Error(`${name} must be a whole number from 1 to 999, but got '${text}'`)
  }
  return Number(text)
}
