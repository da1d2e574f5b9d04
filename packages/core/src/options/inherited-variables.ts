import { DEFAULTS } from './defaults.js'
import type { CgiOptions } from './options.js'
import { FALLBACK_PATH } from './program-search.js'

/** No script runs without PATH and the library folders, or should have another time zone; none is a secret. */
const ALWAYS_INHERITED = ['PATH', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']

/** The variables of this process that scripts get, with the values that they have now. */
export function inheritVariables({
  inheritEnv = DEFAULTS.inheritEnv,
  transport,
}: CgiOptions<never>): Record<string, string> {
  if (transport?.inheritsEnvironment === false) return {}
  const variables: Record<string, string> = { PATH: FALLBACK_PATH }
  for (const name of [...ALWAYS_INHERITED, ...inheritEnv]) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  return variables
}
