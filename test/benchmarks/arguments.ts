import { parseArgs } from 'node:util'
import type { Choices } from './contestants.js'
import type { NodeVersion } from './node-version.js'
import type { OptionSet } from './node-server.js'
import type { Effort } from './scenario.js'

/** What the command line asks for. */
export interface Call extends Choices {
  readonly isQuick: boolean
  /** Ids of scenarios; none: all. */
  readonly only: readonly string[]
  /** Ids of servers; none: all. */
  readonly servers: readonly string[]
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
  --quick                  a few scenarios, short rounds and fewer requests before
                           them, in under ten minutes
  --only LIST              only these scenarios: c-16,large-out
  --servers LIST           only these servers: go,limit,fastify; 'limit' is what a C
                           program needs to start the same scripts
  --option NAME=VALUE      an option for the gateway; can be repeated
  --variant NAME=VALUE,... ours takes part once more, with these options; can be
                           repeated
  --node NAME=FILE         the Node servers take part once more, by this binary of
                           Node: 24=/opt/node-24/bin/node; can be repeated
  --rounds NUMBER          how many rounds (5; quick: 2)
  --seconds NUMBER         how long each server is measured in each (2; quick: 1)
  --warm NUMBER            requests that warm each server, before anything is
                           measured (20000; quick: 5000)
  --write                  writes docs/benchmarks.json, .md and .svg and the table
                           of docs/speed.md; scenarios that were not measured stay,
                           on the same machine
  --draw                   measures nothing, and writes all but the first of these
                           once more
  --verbose                shows the figures of each round
  --help                   show this text
`

const FULL: Effort = { seconds: 2, rounds: 5, warmUp: 20_000 }
const QUICK: Effort = { seconds: 1, rounds: 2, warmUp: 5_000 }

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
      node: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      warm: { type: 'string' },
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
  const { seconds, rounds, warmUp } = values.quick ? QUICK : FULL
  return {
    isQuick: values.quick,
    only: parseList(values.only),
    servers: parseList(values.servers),
    options: parseOptions('--option', values.option),
    variants: values.variant.map((text) => parseOptions('--variant', parseList(text))),
    nodes: values.node.map(parseNode),
    effort: {
      seconds: parseCount('--seconds', values.seconds) ?? seconds,
      rounds: parseCount('--rounds', values.rounds) ?? rounds,
      warmUp: parseCount('--warm', values.warm, 99_999) ?? warmUp,
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

function parseNode(text: string): NodeVersion {
  const [, label, file] = /^([^=]+)=(.+)$/s.exec(text) ?? []
  if (label === undefined || file === undefined) {
    throw new Error(`--node must be NAME=FILE, but got '${text}'`)
  }
  return { label, file }
}

/** Numbers, truth values, lists and objects as JSON has them; all else is text. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function parseCount(name: string, text: string | undefined, most = 999): number | undefined {
  if (text === undefined) return undefined
  const count = Number(text)
  if (!/^[1-9]\d*$/.test(text) || count > most) {
    throw new Error(`${name} must be a whole number from 1 to ${most}, but got '${text}'`)
  }
  return count
}
