import { toByteString } from '@common-gateway/core/transport'
import path from 'node:path'

type Environment = Readonly<Record<string, string>>

/** Makes the variables of a request those of the machine of the application. */
export type EnvironmentMap = (environment: Environment) => Environment

/** The variables that are paths of the folder of the scripts, or below it. */
const PATHS = ['SCRIPT_FILENAME', 'DOCUMENT_ROOT', 'PATH_TRANSLATED'] as const

/**
 * Replaces the folder of the scripts here by the one there. A path that does not lie in it stays.
 *
 * @param here - absolute path; text.
 * @param there - absolute path of the application's machine; text.
 */
export function mapRoot(here: string, there: string): EnvironmentMap {
  const from = toByteString(here)
  const to = toByteString(there).replace(/\/+$/, '')
  return (environment) => {
    const mapped: Record<string, string> = copy(environment)
    for (const name of PATHS) {
      const value = mapped[name]
      if (value !== undefined) mapped[name] = replaceFolder(value, from, to)
    }
    return mapped
  }
}

/** Adds the variables about the folder of the scripts, which the gateway does not know. */
export function addRoot(there: string): EnvironmentMap {
  const root = toByteString(there)
  return (environment) => {
    const added = copy(environment)
    added['DOCUMENT_ROOT'] ??= root
    const pathInfo = added['PATH_INFO']
    if (pathInfo !== undefined) {
      added['PATH_TRANSLATED'] ??= path.posix.join(added['DOCUMENT_ROOT'], pathInfo)
    }
    return added
  }
}

/** An application without files has no SCRIPT_FILENAME, unless the option `env` sets one. */
export function removeFile(name: string): EnvironmentMap {
  const value = toByteString(name)
  return (environment) => {
    if (environment['SCRIPT_FILENAME'] !== value) return environment
    const { SCRIPT_FILENAME: _, ...others } = environment
    return others
  }
}

function copy(environment: Environment): Record<string, string> {
  return { ...environment }
}

function replaceFolder(value: string, from: string, to: string): string {
  if (value === from) return to === '' ? '/' : to
  const prefix = from.endsWith('/') ? from : `${from}/`
  return value.startsWith(prefix) ? `${to}/${value.slice(prefix.length)}` : value
}
