import { readFile, realpath } from 'node:fs/promises'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { badArgument, cannotStart } from './command-error.js'
import { isInside } from '@common-gateway/core/steps'
import { type GivenSetting, showValue } from './given-settings.js'
import { findNearest } from '../text/nearest-name.js'
import { isSettingName, RULES } from './rules.js'
import type { SettingName } from './settings.js'

/** A file of settings that has been read. */
export interface ConfigFile {
  /** Absolute real path. */
  readonly file: string
  readonly given: readonly GivenSetting[]
}

/** A file of settings in the served folder. It is not read. */
export interface IgnoredFile {
  readonly ignored: string
}

/** Names of the files of settings, in the order in which they are looked for. */
export const CONFIG_NAMES = ['common-gateway.config.js', 'common-gateway.config.json']

/**
 * Looks for a file of settings in the working directory. A file in the served folder is not read: a script
 * or a user that can write to that folder could choose which programs run.
 *
 * @param published - real path of the folder that the command line says to serve.
 */
export async function findConfigFile(published: string): Promise<ConfigFile | IgnoredFile | null> {
  for (const name of CONFIG_NAMES) {
    const file = await realpath(name).catch(() => null)
    if (file === null) continue
    return isInside(file, published) ? { ignored: file } : readConfigFile(file)
  }
  return null
}

/**
 * Reads the file of settings that `--config` names, wherever it lies.
 *
 * @throws {CommandError} that names the file and the setting that is wrong.
 */
export async function readConfigFile(name: string): Promise<ConfigFile> {
  const file = await realpath(name).catch((error: unknown) => {
    throw cannotStart(`there is no file '${name}', which --config names`, error)
  })
  const content = await readContent(name, file)
  if (!isRecord(content)) throw badArgument(`${name} must hold an object, with a key per setting`)
  return {
    file,
    given: Object.entries(content).flatMap(([key, value]) => toGiven(key, value, name)),
  }
}

async function readContent(name: string, file: string): Promise<unknown> {
  const extension = path.extname(file)
  if (extension === '.json') {
    try {
      const text = await readFile(file, 'utf8')
      // Some editors write a byte order mark, which JSON does not allow.
      return JSON.parse(text.replace(/^\ufeff/, '')) as unknown
    } catch (error) {
      throw cannotStart(`${name} cannot be read: ${messageOf(error)}`, error)
    }
  }
  if (!['.js', '.mjs', '.cjs'].includes(extension)) {
    throw badArgument(`--config must be a .json or a .js file, but got '${name}'`)
  }
  try {
    const content = await runModule(file)
    // The copy calls the getters here, so that their errors are caught.
    return isRecord(content) ? { ...content } : content
  } catch (error) {
    throw cannotStart(`${name} cannot be run: ${messageOf(error)}`, error)
  }
}

/** The default export of a module. Node.js would exit silently if its promise never settles. */
async function runModule(file: string): Promise<unknown> {
  let giveUp = (): void => {}
  const endless = new Promise<never>((_resolve, reject) => {
    giveUp = () => reject(new Error('it awaits a promise that never settles'))
  })
  process.once('beforeExit', giveUp)
  try {
    const module = import(pathToFileURL(file).href) as Promise<{ default?: unknown }>
    return await Promise.race([module.then((exported) => exported.default), endless])
  } finally {
    process.off('beforeExit', giveUp)
  }
}

function toGiven(key: string, value: unknown, file: string): GivenSetting[] {
  // In JavaScript, `cgiDir` needs no quotes.
  const name = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  if (!isSettingName(name)) {
    const known = Object.keys(RULES)
    const nearest = findNearest(name, known)
    const advice =
      nearest === undefined ? `the settings are ${known.join(', ')}` : `did you mean "${nearest}"?`
    throw badArgument(`"${key}" in ${file} is not a setting; ${advice}`)
  }
  const where = `"${key}" in ${file}`
  switch (RULES[name].shape) {
    case 'one':
      return [{ name, value, where }]
    case 'list':
      return [value].flat().map((item: unknown) => ({ name, value: item, where }))
    case 'pairs':
      return toPairs(name, value, key, file)
  }
}

function toPairs(name: SettingName, value: unknown, key: string, file: string): GivenSetting[] {
  if (!isRecord(value)) {
    throw badArgument(`"${key}" in ${file} must be an object, but got ${showValue(value)}`)
  }
  return Object.entries(value).map(([part, item]) => {
    const where = `"${key}"."${part}" in ${file}`
    return { name, value: [part, item], where, shown: showValue({ [part]: item }) }
  })
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : inspect(error)
}
