import { inspect } from 'node:util'
import { badArgument } from './command-error.js'
import { RULES, type SettingName, type Settings } from './settings.js'

/** A setting as somebody has given it; its value is not judged yet. */
export interface GivenSetting {
  readonly name: SettingName
  readonly value: unknown
  /** What its errors call it: `--port`, `"port" in site.json`. */
  readonly where: string
  /** What its errors show in the place of the value. */
  readonly shown?: string
}

/**
 * Reads settings that were given in one place. What may be given several times comes together, what may
 * not is the last.
 *
 * @throws {CommandError} that names the setting, its rule and the value.
 */
export function readSettings(given: readonly GivenSetting[]): Partial<Settings> {
  const found = new Map<SettingName, unknown>()
  for (const setting of given) {
    const { shape } = RULES[setting.name]
    const before = found.get(setting.name)
    found.set(setting.name, combine(shape, before, readSetting(setting)))
  }
  // Each is what the rule of its name has made.
  return Object.fromEntries(found) as Partial<Settings>
}

/** The settings of a file, with those of the command line before them. */
export function mergeSettings(
  file: Partial<Settings>,
  commandLine: Partial<Settings>,
): Partial<Settings> {
  const merged = new Map<string, unknown>(Object.entries(file))
  for (const [name, value] of Object.entries(commandLine)) {
    // The names of settings are those of their rules.
    const isPairs = RULES[name as SettingName].shape === 'pairs'
    merged.set(name, isPairs ? combine('pairs', merged.get(name), value) : value)
  }
  return Object.fromEntries(merged) as Partial<Settings>
}

function readSetting({ name, value, where, shown }: GivenSetting): unknown {
  const { rule, read } = RULES[name]
  const found = read(value)
  if (found !== undefined) return found
  const got = shown ?? (typeof value === 'string' ? value : undefined)
  const text = got === undefined ? showValue(value) : `'${got}'`
  throw badArgument(`${where} must be ${rule}, but got ${text}`)
}

/** A value as JSON; a file that is a program may hold what there is no JSON for. */
export function showValue(value: unknown): string {
  try {
    return JSON.stringify(value) ?? inspect(value)
  } catch {
    return inspect(value)
  }
}

function combine(shape: 'one' | 'list' | 'pairs', before: unknown, value: unknown): unknown {
  if (before === undefined || shape === 'one') return value
  // What the rules of these shapes make.
  if (shape === 'list') return [...(before as unknown[]), ...(value as unknown[])]
  return { ...(before as object), ...(value as object) }
}
