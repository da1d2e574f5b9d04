import { parseArgs } from 'node:util'
import { badArgument } from './command-error.js'
import type { GivenSetting } from './given-settings.js'
import { findNearest } from '../text/nearest-name.js'
import { isSettingName, RULES } from './rules.js'
import type { SettingName } from './settings.js'

/** What the command line asks for. */
export interface Call {
  readonly type: 'help' | 'version' | 'print-config' | 'serve'
  readonly given: readonly GivenSetting[]
  /** The file that `--config` names. */
  readonly configFile: string | undefined
}

const OPTIONS = {
  directory: { type: 'string', short: 'd' },
  port: { type: 'string', short: 'p' },
  bind: { type: 'string', short: 'b' },
  host: { type: 'string' },
  'cgi-dir': { type: 'string' },
  interpreter: { type: 'string' },
  fastcgi: { type: 'string' },
  script: { type: 'string' },
  scripts: { type: 'string' },
  send: { type: 'string' },
  index: { type: 'string' },
  fallback: { type: 'string' },
  files: { type: 'string' },
  'link-root': { type: 'string' },
  auth: { type: 'string' },
  'trust-proxy': { type: 'string' },
  env: { type: 'string' },
  cwd: { type: 'string' },
  user: { type: 'string' },
  'max-processes': { type: 'string' },
  warm: { type: 'boolean' },
  timeout: { type: 'string' },
  'tls-cert': { type: 'string' },
  'tls-key': { type: 'string' },
  'watch-errors': { type: 'string' },
  'no-status': { type: 'boolean' },
  log: { type: 'string' },
  config: { type: 'string' },
  // Python's server needed it to run scripts. It is accepted and ignored.
  cgi: { type: 'boolean' },
  'print-config': { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
  version: { type: 'boolean' },
} as const

type OptionName = keyof typeof OPTIONS

/** The answer to Python's `--protocol HTTP/1.1`, and to its short form `-p`. */
const PROTOCOL = 'HTTP/1.1 is always spoken'

/**
 * Parses the arguments of the command. The values are not validated yet.
 *
 * @throws {CommandError} that names the wrong argument and its value.
 */
export function parseArguments(args: readonly string[]): Call {
  const flags = new Set<OptionName>()
  const given: GivenSetting[] = []
  let configFile: string | undefined
  // Not strict: the errors of parseArgs do not contain the value.
  const { tokens } = parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true })
  for (const token of tokens) {
    if (token.kind === 'positional') given.push(toPositional(token.value))
    if (token.kind !== 'option') continue
    const name = checkName(token.name, token.rawName)
    const value = checkPresence(name, token)
    if (name === 'port' && value.startsWith('HTTP/')) {
      throw badArgument(`${token.rawName} is for the port here: ${PROTOCOL}`)
    }
    flags.add(name)
    if (name === 'config') configFile = value
    const setting = name === 'host' ? 'bind' : name
    if (setting === 'warm') given.push({ name: 'warm', value: true, where: '--warm' })
    else if (isSettingName(setting)) given.push(toGiven(setting, token.rawName, value))
  }
  if (flags.has('no-status')) given.push({ name: 'status', value: false, where: '--no-status' })
  checkOnce(given, 'the folder', 'one folder can be served')
  checkOnce(given, 'the port', 'one port can be listened on')
  return { type: typeOf(flags), given, configFile }
}

function typeOf(flags: ReadonlySet<OptionName>): Call['type'] {
  for (const type of ['help', 'version', 'print-config'] as const) {
    if (flags.has(type)) return type
  }
  return 'serve'
}

/** A number without a flag is the port, as for Python's server. */
function toPositional(value: string): GivenSetting {
  return /^\d+$/.test(value)
    ? { name: 'port', value, where: 'the port' }
    : { name: 'directory', value, where: 'the folder' }
}

function toGiven(name: SettingName, where: string, value: string): GivenSetting {
  if (RULES[name].shape !== 'pairs') return { name, value, where }
  const equals = value.indexOf('=')
  if (equals !== -1) {
    return { name, value: [value.slice(0, equals), value.slice(equals + 1)], where, shown: value }
  }
  // `--env NAME` passes on the variable of this process.
  const own = name === 'env' ? process.env[value] : undefined
  return { name, value: own === undefined ? null : [value, own], where, shown: value }
}

function checkName(name: string, rawName: string): OptionName {
  if (name === 'protocol') throw badArgument(`there is no option '${rawName}': ${PROTOCOL}`)
  if (!Object.hasOwn(OPTIONS, name)) {
    const nearest = findNearest(name, Object.keys(OPTIONS))
    const question = nearest === undefined ? '' : `; did you mean --${nearest}?`
    throw badArgument(`there is no option '${rawName}'${question}`)
  }
  // The check above shows that it is a key of OPTIONS.
  return name as OptionName
}

interface OptionToken {
  readonly rawName: string
  readonly value: string | undefined
}

/** The value of an option; empty for an option that takes none. */
function checkPresence(name: OptionName, { rawName, value }: OptionToken): string {
  const takesValue = OPTIONS[name].type === 'string'
  if (takesValue && value === undefined) throw badArgument(`${rawName} needs a value`)
  if (!takesValue && value !== undefined) {
    throw badArgument(`${rawName} takes no value, but got '${value}'`)
  }
  return value ?? ''
}

/** Refuses two folders, and two ports without a flag: it is not clear which of them is meant. */
function checkOnce(given: readonly GivenSetting[], where: string, rule: string): void {
  const name = where === 'the port' ? 'port' : 'directory'
  const all = given.filter((setting) => setting.name === name)
  const isAmbiguous = name === 'directory' || all.every((setting) => setting.where === where)
  if (all.length < 2 || !isAmbiguous) return
  const shown = all.map(({ value }) => `'${String(value)}'`).join(', ')
  throw badArgument(`${rule}, but got ${shown}`)
}
