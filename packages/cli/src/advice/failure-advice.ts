import type { CgiError } from '@common-gateway/fastify'
import path from 'node:path'
import { isInside } from '@common-gateway/core/steps'
import { adviseOn, adviseOnLink, adviseOnStray } from './script-check.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'

/** What to try after a script has failed, where the command knows better than the gateway. */
export function adviseOnFailure(
  error: CgiError,
  site: Site,
  settings: Pick<EffectiveSettings, 'cwd'>,
): string | undefined {
  const { code, script, linkTarget, reason = '' } = error
  if (script === undefined) return undefined
  if (linkTarget !== undefined) return adviseOnLink(linkTarget, false)
  if (isStray(error, site)) return adviseOnStray(script, site)
  if (code === 'CGI_ERR_NOT_EXECUTABLE' || reason.includes('ENOEXEC')) {
    return adviseOn(script, site)?.sentence
  }
  if (code !== 'CGI_ERR_NO_RESPONSE') return undefined
  return adviseOnVariable(error) ?? adviseOnFile(error, settings)
}

/** Whether it is the source of a script, or a copy of one, where no scripts are run. */
function isStray({ code, script = '' }: CgiError, site: Site): boolean {
  if (code !== 'CGI_ERR_NOT_EXECUTABLE' && code !== 'CGI_ERR_NOT_FOUND') return false
  if (site.scriptExtensions.includes(path.extname(script))) return false
  return !site.cgiFolders.some(({ folder }) => isInside(script, folder))
}

/** Python's server gave scripts the whole environment, and empty variables for what a request has not. */
function adviseOnVariable({ standardError = '' }: CgiError): string | undefined {
  const name = /KeyError: '([A-Z][A-Z0-9_]*)'\s*$/.exec(standardError)?.[1]
  if (name === undefined) return undefined
  if (/^(?:HTTP|CONTENT|PATH|REMOTE|AUTH)_/.test(name)) {
    return `This request has no ${name}. Read what may be missing as os.environ.get('${name}', '').`
  }
  return process.env[name] === undefined
    ? undefined
    : `Scripts do not get the variables of your shell: --env ${name} passes this one on.`
}

/** Python's server ran scripts elsewhere, so that one which worked with it may look in the wrong place. */
function adviseOnFile(
  { exitCode, standardError = '' }: CgiError,
  { cwd }: Pick<EffectiveSettings, 'cwd'>,
): string | undefined {
  // A shell that finds no program says the same, and exits with 127.
  const isMissing = exitCode !== 127 && standardError.includes('No such file or directory')
  return isMissing && cwd === undefined
    ? 'Scripts run in the folder that they are in. Python’s server ran them where it was started, as ' +
        '--cwd . does.'
    : undefined
}
