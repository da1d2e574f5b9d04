import { parseArgs } from 'node:util'
import { checkInteger, createSeed } from '../fuzz/arguments.js'
import type { Framework } from './application.js'

/** What the command line asks for. */
export type Call =
  | { readonly type: 'help' }
  | {
      readonly type: 'run'
      readonly requests: number
      readonly seed: number
      readonly frameworks: readonly Framework[]
      /** Parts of the names of the kinds of request to send. */
      readonly kinds: readonly string[]
      /** Options of the gateways. */
      readonly options: Readonly<Record<string, unknown>>
    }

/** What `--help` shows. */
export const HELP = `Usage: npm run soak -- [options]

Sends a host very many requests, good and bad, and looks at what is left of it.

Options:
  --requests NUMBER     how many, in all (200000)
  --seed NUMBER         what they are; the same seed makes the same requests (a
                        random one, which is shown)
  --adapter NAME        fastify or express (both, half of the requests each)
  --kind TEXT           only the kinds of request whose names hold this text; may be
                        given several times
  --option NAME=VALUE   an option of the gateways; may be given several times
  --help                show this text

Ends with exit code 1 where something is not as it should be, with 2 where an
option is wrong.
`

const FRAMEWORKS: readonly Framework[] = ['fastify', 'express']

/** @throws {Error} that names the option which is wrong. */
export function parseArguments(args: readonly string[]): Call {
  const { values } = parseArgs({
    args: [...args],
    options: {
      requests: { type: 'string' },
      seed: { type: 'string' },
      adapter: { type: 'string' },
      kind: { type: 'string', multiple: true },
      option: { type: 'string', multiple: true },
      help: { type: 'boolean' },
    },
  })
  if (values.help === true) return { type: 'help' }
  const frameworks = FRAMEWORKS.filter((each) => each === (values.adapter ?? each))
  if (frameworks.length === 0) {
    throw new Error(`--adapter must be fastify or express, but got '${values.adapter}'`)
  }
  return {
    type: 'run',
    requests: checkInteger('--requests', values.requests ?? '200000', 1),
    seed: values.seed === undefined ? createSeed() : checkInteger('--seed', values.seed, 0),
    frameworks,
    kinds: values.kind ?? [''],
    options: Object.fromEntries((values.option ?? []).map(parseOption)),
  }
}

function parseOption(text: string): [name: string, value: unknown] {
  const equals = text.indexOf('=')
  if (equals < 1) throw new Error(`--option must be NAME=VALUE, but got '${text}'`)
  const value = text.slice(equals + 1)
  return [text.slice(0, equals), toValue(value)]
}

/** What is no JSON is a text. */
function toValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
