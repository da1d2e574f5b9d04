import { inspect } from 'node:util'
import { badArgument } from './command-error.js'
import { RULES } from './rules.js'
import type { SettingName, Settings } from './settings.js'

/** A setting as it was given. Its value is not validated yet. */
export interface GivenSetting {
  readonly name: SettingName
  readonly value: unknown
  /** The name of the setting in errors: `--port`, `"port" in site.json`. */
  readonly where: string
  /** The text that errors show instead of the value. */
  readonly shown?: string
}

/**
 * Validates the settings of one source. Repeated lists and pairs are combined; of another setting, the last
 * one counts.
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
  // Every value has the type that the rule of its name produces.
  return Object.fromEntries(found) as Partial<Settings>
}

/** The settings of a file and of the command line, which takes precedence. */
export function mergeSettings(
  file: Partial<Settings>,
  commandLine: Partial<Settings>,
): Partial<Settings> {
  const merged = new Map<string, unknown>(Object.entries(file))
  for (const [name, value] of Object.entries(commandLine)) {
    // The keys of settings are the keys of RULES.
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

/** A value as JSON, or as `inspect` shows it: a JavaScript file can export values without a JSON form. */
export function showValue(value: unknown): string {
  try {
    return JSON.stringify(value) ?? inspect(value)
  } catch {
    return inspect(value)
  }
}

function combine(shape: 'one' | 'list' | 'pairs', before: unknown, value: unknown): unknown {
  if (before === undefined || shape === 'one') return value
  // The rules of these shapes produce arrays and objects.
  if (shape === 'list') return [...(before as unknown[]), ...(value as unknown[])]
  return { ...(before as object), ...(value as object) }
}
