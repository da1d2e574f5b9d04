import type { Configuration } from './configuration.js'
import { findDefaultInterpreters } from '../files/default-interpreters.js'
import type { CgiFolderName, Settings } from './settings.js'

/** The output of `--print-config`. Its `config` can be used as a file of settings. */
export function createConfigReport(configuration: Configuration): string {
  const { settings, origins, configFile, isIgnored } = configuration
  const config = Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, toFileValue(name, value)]),
  )
  const from = Object.fromEntries(
    // The keys of `settings` are names of settings.
    Object.keys(settings).map((name) => [name, origins[name as keyof Settings] ?? 'default']),
  )
  const interpreters = findDefaultInterpreters()
  const defaultInterpreters = Object.fromEntries(
    interpreters.map(({ extension, program }) => [extension, program ?? null]),
  )
  const file = isIgnored ? null : (configFile ?? null)
  return `${JSON.stringify({ config, from, file, defaultInterpreters }, undefined, 2)}\n`
}

function toFileValue(name: string, value: unknown): unknown {
  switch (name) {
    case 'timeout':
      return `${String(value)}ms`
    case 'cgi-dir':
      // The type that the rule of `cgi-dir` produces.
      return (value as readonly CgiFolderName[]).map(({ url, folder, isElsewhere }) => {
        return isElsewhere ? `${url || '/'}=${folder}` : folder
      })
    default:
      return value
  }
}
