import type { StartLimit } from '../data/start-attempt.js'
import type { Settings } from '../options/settings.js'

type LimitSettings = Pick<Settings<never>, 'headersTimeout' | 'requestTimeout'>

/** `headersTimeout` for a step before the start. @param what - the failure, for the log. */
export function headersLimit({ headersTimeout }: LimitSettings, what: string): StartLimit {
  return { milliseconds: headersTimeout, code: 'CGI_ERR_HEADERS_TIMEOUT', what }
}

/** The limit of a start: `headersTimeout` or `requestTimeout`, whichever is shorter. */
export function startLimit(settings: LimitSettings): StartLimit {
  const { headersTimeout, requestTimeout } = settings
  const limit = headersLimit(settings, 'the script did not start')
  const isShorter = requestTimeout > 0 && (headersTimeout === 0 || requestTimeout < headersTimeout)
  if (!isShorter) return limit
  return { ...limit, milliseconds: requestTimeout, code: 'CGI_ERR_REQUEST_TIMEOUT' }
}
