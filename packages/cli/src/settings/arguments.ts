import { parseArgs } from 'node:util'
import { badArgument } from './command-error.js'
import type { GivenSetting } from './given-settings.js'
import { findNearest } from '../text/nearest-name.js'
import { type Flag, type FlagName, FLAGS } from './flags.js'
import { isSettingName, RULES } from './rules.js'
import type { SettingName } from './settings.js'

/** What the command line asks for. */
export interface Call {
  readonly type: 'help' | 'version' | 'print-config' | 'completion' | 'man' | 'serve'
  readonly given: readonly GivenSetting[]
  /** The file that `--config` names. */
  readonly configFile: string | undefined
  /** The value of `--completion`. */
  readonly shell?: string | undefined
}

/** The flags as `parseArgs` takes them. */
const OPTIONS = Object.fromEntries(
  Object.entries(FLAGS).map(([name, flag]: [string, Flag]) => {
    const type = flag.value === undefined ? ('boolean' as const) : ('string' as const)
    return [name, flag.short === undefined ? { type } : { type, short: flag.short }]
  }),
)

/** The answer to Python's `--protocol HTTP/1.1`, and to its short form `-p`. */
const PROTOCOL = 'HTTP/1.1 is always spoken'

/**
 * Parses the arguments of the command. The values are not validated yet.
 *
 * @throws {CommandError} that names the wrong argument and its value.
 */
export function parseArguments(args: readonly string[]): Call {
  const flags = new Set<FlagName>()
  const given: GivenSetting[] = []
  let configFile: string | undefined
  let shell: string | undefined
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
    if (name === 'completion') shell = value
    const setting = name === 'host' ? 'bind' : name
    if (!isSettingName(setting)) continue
    const isOn = !takesValue(name)
    given.push(
      isOn
        ? { name: setting, value: true, where: token.rawName }
        : toGiven(setting, token.rawName, value),
    )
  }
  if (flags.has('no-status')) given.push({ name: 'status', value: false, where: '--no-status' })
  checkOnce(given, 'the folder', 'one folder can be served')
  checkOnce(given, 'the port', 'one port can be listened on')
  return { type: typeOf(flags), given, configFile, shell }
}

function typeOf(flags: ReadonlySet<FlagName>): Call['type'] {
  for (const type of ['help', 'version', 'man', 'completion', 'print-config'] as const) {
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

function checkName(name: string, rawName: string): FlagName {
  if (name === 'protocol') throw badArgument(`there is no option '${rawName}': ${PROTOCOL}`)
  if (!Object.hasOwn(FLAGS, name)) {
    const nearest = findNearest(name, Object.keys(FLAGS))
    const question = nearest === undefined ? '' : `; did you mean --${nearest}?`
    throw badArgument(`there is no option '${rawName}'${question}`)
  }
  // The check above shows that it is a key of FLAGS.
  return name as FlagName
}

interface OptionToken {
  readonly rawName: string
  readonly value: string | undefined
}

/** The value of an option; empty for an option that takes none. */
function checkPresence(name: FlagName, { rawName, value }: OptionToken): string {
  const isValued = takesValue(name)
  if (isValued && value === undefined) throw badArgument(`${rawName} needs a value`)
  if (!isValued && value !== undefined) {
    throw badArgument(`${rawName} takes no value, but got '${value}'`)
  }
  return value ?? ''
}

function takesValue(name: FlagName): boolean {
  const flag: Flag = FLAGS[name]
  return flag.value !== undefined
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
