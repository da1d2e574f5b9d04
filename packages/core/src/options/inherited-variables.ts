import { DEFAULTS } from './defaults.js'
import type { CgiOptions } from './options.js'
import type { Transport } from '../transport/transport.js'
import { FALLBACK_PATH } from './program-search.js'

/** No script runs without PATH and the library folders, or should have another time zone; none is a secret. */
const ALWAYS_INHERITED = ['PATH', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']

/**
 * The variables of this process that scripts get, with the values that they have now.
 *
 * @param transport - that of the option `transport` or `script`.
 */
export function inheritVariables(
  { inheritEnv = DEFAULTS.inheritEnv }: CgiOptions<never>,
  transport: Transport | undefined,
): Record<string, string> {
  return transport?.inheritsEnvironment === false ? {} : inheritedVariables(inheritEnv)
}

/**
 * The variables of this process that a program gets: PATH, TZ and the folders of libraries, with the values that they
 * have now.
 *
 * @param names - the names of more variables.
 */
export function inheritedVariables(names: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = { PATH: FALLBACK_PATH }
  for (const name of [...ALWAYS_INHERITED, ...names]) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  return variables
}
