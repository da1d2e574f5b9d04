import type { CgiPluginOptions } from '@common-gateway/fastify'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from './site.js'

/** How long scripts and transfers may go on after the server was told to stop, in milliseconds. */
export const CLOSE_TIMEOUT = 10_000

/** A gateway, and where it answers. */
export interface Mount {
  readonly url: string
  readonly options: CgiPluginOptions
}

/** The gateways of a site: one for each folder of scripts, and for each program that has a tree. */
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
    // Silence before the header, and silence after it.
    ...(timeout !== undefined && { headersTimeout: timeout, bodyTimeout: timeout }),
  }
  const { scriptExtensions, indexes, linkRoots } = site
  // A page among scripts is none of them.
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

/** Runs scripts wherever they lie, and leaves all else to what serves the files. */
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
