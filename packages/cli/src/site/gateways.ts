import type { CgiPluginOptions } from '@common-gateway/fastify'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from './site.js'

/** How long requests in progress can take after the server began to stop, in milliseconds. */
export const CLOSE_TIMEOUT = 10_000

/** A gateway and its URL. */
export interface Mount {
  readonly url: string
  readonly options: CgiPluginOptions
}

/** The gateways of a site: one for each folder of scripts, one for `--scripts`, one for each program. */
export function createMounts(
  site: Site,
  settings: EffectiveSettings,
  authentication: Pick<BasicAuthentication, 'userOf'> | null,
): Mount[] {
  const { env, cwd, user, timeout, 'max-processes': maxProcesses } = settings
  const fallbackInterpreters = Object.fromEntries(
    site.defaultInterpreters.flatMap(({ extension, program }) => {
      return program === undefined ? [] : [[extension, program]]
    }),
  )
  const common: CgiPluginOptions = {
    documentRoot: site.folder,
    closeTimeout: CLOSE_TIMEOUT,
    interpreters: site.interpreters,
    fallbackInterpreters,
    errorPage: settings['watch-errors'] !== 'off',
    ...(authentication && { authenticate: ({ raw }) => authentication.userOf(raw) }),
    ...(env && { env }),
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user }),
    ...(maxProcesses !== undefined && { maxProcesses }),
    // The longest silence before the header, and after it.
    ...(timeout !== undefined && { headersTimeout: timeout, bodyTimeout: timeout }),
  }
  const { scriptExtensions, indexes, linkRoots } = site
  // A folder of scripts does not send pages.
  const index = indexes.filter((name) => !/\.html?$/.test(name))
  return [
    ...site.cgiFolders.map(({ url, folder }) => {
      const options = { ...common, root: folder, allowMissingRoot: true, index, linkRoots }
      return { url: url || '/', options }
    }),
    ...(scriptExtensions.length > 0 ? [createScriptTree(common, site)] : []),
    ...site.programs.map(({ url, file }) => ({ url, options: { ...common, script: file } })),
  ]
}

/** The gateway that runs scripts in every folder and passes other files on. */
function createScriptTree(
  common: CgiPluginOptions,
  { folder, scriptExtensions, indexes, linkRoots }: Site,
): Mount {
  const options: CgiPluginOptions = {
    ...common,
    root: folder,
    extensions: scriptExtensions,
    otherFiles: 'ignore',
    index: indexes,
    linkRoots,
  }
  return { url: '/', options }
}
