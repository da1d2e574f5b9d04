import type { FastcgiOptions } from '@common-gateway/fastcgi'
import type { CgiPluginOptions } from '@common-gateway/fastify'
import { warm } from '@common-gateway/warm'
import path from 'node:path'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import { cannotStart } from '../settings/command-error.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from './site.js'
import type { Transports } from './transports.js'

/** How long requests in progress can take after the server began to stop, in milliseconds. */
export const CLOSE_TIMEOUT = 10_000

/** A gateway and its URL. */
export interface Mount {
  readonly url: string
  readonly options: CgiPluginOptions
  /** The application server that all requests go to, where there is one. */
  readonly server?: FastcgiOptions
}

/** What the gateways of a site are made of. */
export interface MountParts {
  readonly site: Site
  readonly settings: EffectiveSettings
  readonly transports: Transports
  readonly authentication: Pick<BasicAuthentication, 'userOf'> | null
}

/**
 * The gateways of a site: one for each folder of scripts, one for the scripts of all folders, one for each program or
 * application.
 */
export function createMounts(parts: MountParts): Mount[] {
  const { site, transports } = parts
  const { linkRoots } = site
  const shared = sharedOptions(parts)
  const files = { ...shared, ...fileOptions(parts) }
  const processes = processOptions(parts.settings)
  // A folder of scripts does not send pages.
  const index = site.indexes.filter((name) => !/\.html?$/.test(name))
  const isServed = (extension: string): boolean => Object.hasOwn(site.servers, extension)
  return [
    ...site.cgiFolders.map(({ url, folder }) => {
      const root = { root: folder, allowMissingRoot: true, index, linkRoots }
      return { url: url || '/', options: { ...files, ...processes, ...root } }
    }),
    ...treeOptions(site).map((tree) => {
      // Options of processes are refused where there is none.
      const own = site.scriptExtensions.every(isServed) ? {} : processes
      return { url: '/', options: { ...files, ...own, ...tree } }
    }),
    ...site.programs.map(({ url, file }) => {
      const own = isServed(path.extname(file)) ? {} : processes
      return { url, options: { ...files, ...own, script: file } }
    }),
    ...site.applications.flatMap(({ url, server }) => {
      const script = transports.byUrl[url]
      return script === undefined ? [] : [{ url, options: { ...shared, script }, server }]
    }),
  ]
}

/** The options of every gateway. */
function sharedOptions({ settings, authentication }: MountParts): CgiPluginOptions {
  const { env, timeout } = settings
  return {
    closeTimeout: CLOSE_TIMEOUT,
    errorPage: settings['watch-errors'] !== 'off',
    ...(authentication && { authenticate: ({ raw }) => authentication.userOf(raw) }),
    ...(env && { env }),
    // The longest silence before the header, and after it.
    ...(timeout !== undefined && { headersTimeout: timeout, bodyTimeout: timeout }),
  }
}

/** The options of gateways whose scripts are files. */
function fileOptions({ site, transports }: MountParts): CgiPluginOptions {
  const fallbackInterpreters = Object.fromEntries(
    site.defaultInterpreters.flatMap(({ extension, program }) => {
      return program === undefined ? [] : [[extension, program]]
    }),
  )
  return {
    documentRoot: site.folder,
    interpreters: { ...site.interpreters, ...transports.byExtension },
    fallbackInterpreters: { ...fallbackInterpreters, ...transports.byDefault },
  }
}

/** The options of gateways that run processes. */
function processOptions(settings: EffectiveSettings): CgiPluginOptions {
  const { cwd, user, 'max-processes': maxProcesses } = settings
  return {
    ...(cwd !== undefined && { cwd }),
    ...(user !== undefined && { user }),
    ...(maxProcesses !== undefined && { maxProcesses }),
    ...(settings.warm === true && { spawner: createWarmSpawner() }),
  }
}

/** @throws {CommandError} where this system has no fork servers. */
function createWarmSpawner(): NonNullable<CgiPluginOptions['spawner']> {
  try {
    return warm()
  } catch (error) {
    throw cannotStart(`--warm: ${error instanceof Error ? error.message : String(error)}`, error)
  }
}

/** The gateway that runs scripts in every folder and passes other files on, if there is one. */
function treeOptions({
  folder,
  scriptExtensions,
  indexes,
  linkRoots,
  fallback,
}: Site): CgiPluginOptions[] {
  if (scriptExtensions.length === 0) return []
  const options = { root: folder, extensions: scriptExtensions, index: indexes, linkRoots }
  return [{ ...options, otherFiles: 'ignore', ...(fallback !== undefined && { fallback }) }]
}
