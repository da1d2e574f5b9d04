import type { CgiError } from '@common-gateway/fastify'
import { adviseOn } from './script-check.js'
import type { EffectiveSettings } from './settings.js'
import type { Site } from './site.js'

/** Python's server ran scripts elsewhere, so that one which worked with it may look in the wrong place. */
const RELATIVE_NAME =
  'Scripts run in the folder that they are in. Python’s server ran them where it was started, as --cwd . ' +
  'does; or have the script make its file names from its own.'

/** What to try after a script has failed, where the command knows better than the gateway. */
export function adviseOnFailure(
  error: CgiError,
  site: Site,
  { cwd }: Pick<EffectiveSettings, 'cwd'>,
): string | undefined {
  const { code, script, reason = '', exitCode, standardError = '' } = error
  if (script === undefined) return undefined
  if (code === 'CGI_ERR_NOT_EXECUTABLE' || reason.includes('ENOEXEC')) {
    return adviseOn(script, site)?.sentence
  }
  // A shell that finds no program exits with 127, and says the same.
  const hasNoFile = exitCode !== 127 && standardError.includes('No such file or directory')
  return code === 'CGI_ERR_NO_RESPONSE' && hasNoFile && cwd === undefined
    ? RELATIVE_NAME
    : undefined
}
