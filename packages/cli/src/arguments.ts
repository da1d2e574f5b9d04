import { parseArgs } from 'node:util'
import { badArgument } from './command-error.js'

/** What the command line asks for. */
export type Call =
  | { readonly type: 'help' }
  | { readonly type: 'version' }
  | { readonly type: 'serve'; readonly site: Site }

/** What to serve, and where. */
export interface Site {
  /** The folder, as it was given. */
  readonly folder: string
  /** Address or name to listen on. */
  readonly host: string
  /** Port to listen on; 0: any that is free. */
  readonly port: number
}

const OPTIONS = {
  port: { type: 'string' },
  host: { type: 'string' },
  help: { type: 'boolean' },
  version: { type: 'boolean' },
} as const

type OptionName = keyof typeof OPTIONS

/**
 * Reads the arguments of the command.
 *
 * @throws {CommandError} that names the argument which is wrong, and its value.
 */
export function parseArguments(args: readonly string[]): Call {
  const given = new Map<OptionName, string>()
  const folders: string[] = []
  // Not strict: the messages of parseArgs are written for programmers, and leave the value out.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') folders.push(token.value)
    if (token.kind === 'option') {
      given.set(checkName(token.name, token.rawName), checkPresence(token))
    }
  }
  if (given.has('help')) return { type: 'help' }
  if (given.has('version')) return { type: 'version' }
  return {
    type: 'serve',
    site: {
      folder: checkFolders(folders),
      host: checkHost(given.get('host') ?? '127.0.0.1'),
      port: checkPort(given.get('port') ?? '8000'),
    },
  }
}

function checkName(name: string, rawName: string): OptionName {
  if (!Object.hasOwn(OPTIONS, name)) throw badArgument(`there is no option '${rawName}'`)
  // Its presence in OPTIONS has just been seen.
  return name as OptionName
}

/** The value of an option, which is there exactly if the option takes one. */
function checkPresence({ name, rawName, value }: OptionToken): string {
  const takesValue = OPTIONS[name as OptionName].type === 'string'
  if (takesValue && value === undefined) throw badArgument(`${rawName} needs a value`)
  if (!takesValue && value !== undefined) {
    throw badArgument(`${rawName} takes no value, but got '${value}'`)
  }
  return value ?? ''
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value: string | undefined
}

function checkFolders([folder = '.', ...others]: readonly string[]): string {
  if (others.length > 0) {
    const list = [folder, ...others].map((each) => `'${each}'`).join(', ')
    throw badArgument(`one folder can be served, but got ${list}`)
  }
  // An unset variable of a shell script would otherwise publish whatever folder it runs in.
  if (folder === '') throw badArgument(`the folder must have a name, but got ''`)
  return folder
}

function checkHost(host: string): string {
  if (host === '') throw badArgument(`--host must be an address or a name, but got ''`)
  return host
}

function checkPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) {
    throw badArgument(`--port must be a whole number from 0 to 65535, but got '${text}'`)
  }
  return port
}
