import path from 'node:path'
import type { Call } from './arguments.js'
import { type ConfigFile, findConfigFile, readConfigFile } from './config-file.js'
import { mergeSettings, readSettings } from './given-settings.js'
import { resolveFolder } from './served-folder.js'
import {
  DEFAULTS,
  type EffectiveSettings,
  type FastcgiSetting,
  type SettingName,
  type Settings,
} from './settings.js'
import { isWords } from './values.js'

/** The origin of settings that were given as flags. */
export const COMMAND_LINE = 'the command line'

/** The settings of the command line, of a file and of the defaults, merged. */
export interface Configuration {
  readonly settings: EffectiveSettings
  /** Absolute real path of the folder that is served. */
  readonly folder: string
  /** Where each setting that is not the default comes from: `the command line`, or a file. */
  readonly origins: Readonly<Partial<Record<SettingName, string>>>
  /** The file of settings, read or not. It is never sent to a client. */
  readonly configFile: string | undefined
  /** Whether that file was not read because it is in the served folder. */
  readonly isIgnored: boolean
}

/** Merges the settings of all sources. @throws {CommandError} that names the wrong setting and its source. */
export async function createConfiguration({ given, configFile }: Call): Promise<Configuration> {
  const commandLine = resolvePaths(readSettings(given), process.cwd())
  const published = await resolveFolder(commandLine.directory ?? DEFAULTS.directory)
  const found =
    configFile === undefined ? await findConfigFile(published) : await readConfigFile(configFile)
  const read = found !== null && 'given' in found ? found : undefined
  const file = read === undefined ? {} : readFileSettings(read)
  const settings = { ...DEFAULTS, ...mergeSettings(file, commandLine) }
  return {
    settings,
    folder: await resolveFolder(settings.directory),
    origins: {
      ...originsOf(file, read?.file ?? ''),
      ...originsOf(commandLine, COMMAND_LINE),
    },
    configFile: found === null ? undefined : 'given' in found ? found.file : found.ignored,
    isIgnored: found !== null && read === undefined,
  }
}

/** Paths in a file are relative to the folder of that file. */
function readFileSettings({ file, given }: ConfigFile): Partial<Settings> {
  return resolvePaths(readSettings(given), path.dirname(file))
}

function resolvePaths(settings: Partial<Settings>, base: string): Partial<Settings> {
  const resolved = new Map<string, unknown>(Object.entries(settings))
  for (const name of ['directory', 'cwd', 'tls-cert', 'tls-key', 'auth'] as const) {
    const file = settings[name]
    if (file !== undefined) resolved.set(name, path.resolve(base, file))
  }
  const { interpreter } = settings
  const resolveFrom = (file: string): string => path.resolve(base, file)
  for (const name of ['script', 'files'] as const) {
    const named = settings[name]
    if (named !== undefined) resolved.set(name, mapValues(named, resolveFrom))
  }
  const linkRoots = settings['link-root']
  if (linkRoots !== undefined) resolved.set('link-root', linkRoots.map(resolveFrom))
  if (interpreter !== undefined) {
    resolved.set(
      'interpreter',
      mapValues(interpreter, (command) => resolveCommand(command, base)),
    )
  }
  const { fastcgi } = settings
  if (fastcgi !== undefined) {
    resolved.set(
      'fastcgi',
      mapValues(fastcgi, (server) => resolveServer(server, base)),
    )
  }
  const cgiDirs = settings['cgi-dir']?.map((name) => {
    return name.isElsewhere ? { ...name, folder: path.resolve(base, name.folder) } : name
  })
  if (cgiDirs !== undefined) resolved.set('cgi-dir', cgiDirs)
  // Resolving does not change the type of a setting.
  return Object.fromEntries(resolved) as Partial<Settings>
}

/** A name without a slash is looked up in PATH, or is an address with a port. A socket may have the prefix `unix:`. */
function resolveName(name: string, base: string): string {
  if (!name.includes('/')) return name
  const [, prefix = '', file = ''] = /^(unix:)?(.*)$/s.exec(name) ?? []
  return prefix + path.resolve(base, file)
}

function resolveCommand([program = '', ...args]: readonly string[], base: string): string[] {
  return [resolveName(program, base), ...args]
}

function resolveServer(server: FastcgiSetting, base: string): FastcgiSetting {
  if (isWords(server)) return resolveCommand(server, base)
  const { address, spawn } = server
  return {
    ...server,
    ...(address && { address: [address].flat().map((name) => resolveName(name, base)) }),
    ...(spawn && { spawn: resolveCommand([spawn].flat(), base) }),
  }
}

function mapValues<From, To>(
  record: Readonly<Record<string, From>>,
  map: (value: From) => To,
): Record<string, To> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]))
}

function originsOf(settings: Partial<Settings>, origin: string): Configuration['origins'] {
  return Object.fromEntries(Object.keys(settings).map((name) => [name, origin]))
}
