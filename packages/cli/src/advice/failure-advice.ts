import type { CgiError } from '@common-gateway/fastify'
import path from 'node:path'
import { isInside } from '@common-gateway/core/steps'
import { adviseOn, adviseOnLink, adviseOnStray } from './script-check.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'

/** Advice for a script that failed, where the command knows more than the gateway. */
export function adviseOnFailure(
  error: CgiError,
  site: Site,
  settings: Pick<EffectiveSettings, 'cwd'>,
): string | undefined {
  const { code, script, linkTarget, fault } = error
  if (script === undefined) return undefined
  if (linkTarget !== undefined) return adviseOnLink(linkTarget, false)
  if (isStray(error, site)) return adviseOnStray(script, site)
  if (code === 'CGI_ERR_NOT_EXECUTABLE' || fault === 'ENOEXEC') {
    return adviseOn(script, site)?.sentence
  }
  if (code !== 'CGI_ERR_NO_RESPONSE') return undefined
  return adviseOnVariable(error) ?? adviseOnFile(error, settings)
}

/** Whether the file looks like a script but is outside the folders of scripts. */
function isStray({ code, script = '' }: CgiError, site: Site): boolean {
  if (code !== 'CGI_ERR_NOT_EXECUTABLE' && code !== 'CGI_ERR_NOT_FOUND') return false
  if (site.scriptExtensions.includes(path.extname(script))) return false
  return !site.cgiFolders.some(({ folder }) => isInside(script, folder))
}

/** Python's server passed the whole environment on, and set absent request variables to the empty string. */
function adviseOnVariable({ standardError = '' }: CgiError): string | undefined {
  const name = /KeyError: '([A-Z][A-Z0-9_]*)'\s*$/.exec(standardError)?.[1]
  if (name === undefined) return undefined
  if (/^(?:HTTP|CONTENT|PATH|REMOTE|AUTH)_/.test(name)) {
    return `This request has no ${name}. Use os.environ.get('${name}', '') for a variable that can be absent.`
  }
  return process.env[name] === undefined
    ? undefined
    : `Scripts do not get the variables of your shell: --env ${name} passes this one on.`
}

/** Python's server ran scripts in its own working folder, so a relative path can be wrong here. */
function adviseOnFile(
  { exitCode, standardError = '' }: CgiError,
  { cwd }: Pick<EffectiveSettings, 'cwd'>,
): string | undefined {
  // A shell prints the same message for a missing program, and exits with 127.
  const isMissing = exitCode !== 127 && standardError.includes('No such file or directory')
  return isMissing && cwd === undefined
    ? 'A script runs in its own folder. Python’s server ran scripts in the folder where it was started; ' +
        '--cwd . does the same.'
    : undefined
}
