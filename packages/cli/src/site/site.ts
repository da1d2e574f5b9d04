import { existsSync } from 'node:fs'
import path from 'node:path'
import { badArgument } from '../settings/command-error.js'
import { CONFIG_NAMES } from '../settings/config-file.js'
import type { Configuration } from '../settings/configuration.js'
import { type DefaultInterpreter, findDefaultInterpreters } from '../files/default-interpreters.js'
import { type FileTree, findFileTrees, findLinkRoots } from './file-trees.js'
import { findProgram, isProgram } from '@common-gateway/core/steps'
import type { EffectiveSettings } from '../settings/settings.js'
import { STATUS_PATH } from '../access/access.js'
import { type ApplicationServers, findApplicationServers } from './application-servers.js'

/** The files and programs that are served. Folders are absolute; programs and interpreters exist. */
export interface Site extends ApplicationServers {
  /** Absolute real path of the served folder. */
  readonly folder: string
  /** Folders of files, the longest URL first; the served folder itself is the last. */
  readonly trees: readonly FileTree[]
  /** Extensions of scripts that run in every folder of the site. */
  readonly scriptExtensions: readonly string[]
  /** The script that answers for what names no file, as a path in the folder. */
  readonly fallback: string | undefined
  /** Extensions of files that are sent although they look like scripts. */
  readonly sentExtensions: ReadonlySet<string>
  /** Names of index files, in order of preference. */
  readonly indexes: readonly string[]
  /** Real paths of the folders that symbolic links can lead into. */
  readonly linkRoots: readonly string[]
  /** Folders of scripts. They can be created later. */
  readonly cgiFolders: readonly CgiFolder[]
  /** Programs that answer every request below a URL. */
  readonly programs: readonly Program[]
  /** Commands that run all scripts with an extension. */
  readonly interpreters: Readonly<Record<string, readonly string[]>>
  /** Interpreters of scripts that are not executable, installed or not. */
  readonly defaultInterpreters: readonly DefaultInterpreter[]
  /** Files with passwords, keys or settings. Neither they nor copies beside them are sent. */
  readonly secrets: readonly string[]
}

/** A folder of scripts and its URL. */
export interface CgiFolder {
  readonly url: string
  /** Absolute path. */
  readonly folder: string
  /** Whether it was given as a setting, so that the start screen shows it even if it does not exist. */
  readonly isGiven: boolean
}

/** A program that answers every request below a URL. */
export interface Program {
  readonly url: string
  /** Absolute path. */
  readonly file: string
}

/** Finds the folders and programs of the settings. @throws {CommandError} that names a missing one. */
export function findSite({ settings, folder, origins, configFile }: Configuration): Site {
  const isGiven = origins['cgi-dir'] !== undefined
  const cgiFolders = settings['cgi-dir'].map(({ url, folder: name }) => {
    return { url, folder: path.resolve(folder, name), isGiven }
  })
  const interpreters = Object.fromEntries(
    Object.entries(settings.interpreter ?? {}).map(([extension, [name = '', ...args]]) => {
      const program = findProgram(name)
      if (program !== undefined) return [extension, [program, ...args]]
      const where = `--interpreter ${extension}=${name}`
      throw badArgument(`${where} must name an executable program, but there is none`)
    }),
  )
  const defaultInterpreters = findDefaultInterpreters()
  const { servers, defaultServers, applications } = findApplicationServers(
    settings,
    defaultInterpreters,
  )
  const extensions = new Set([...Object.keys(interpreters), ...Object.keys(servers)])
  for (const { extension, program } of defaultInterpreters) {
    if (program !== undefined) extensions.add(extension)
  }
  const programs = Object.entries(settings.script ?? {}).map(([url, file]) => {
    if (isProgram(file) || extensions.has(path.extname(file))) return { url, file }
    throw badArgument(`--script ${url} must name an executable program, but got '${file}'`)
  })
  const { fallback, send: sentExtensions = [] } = settings
  checkFallback(fallback, folder, extensions)
  const scriptExtensions = findScriptExtensions(settings, Object.keys(servers))
  const repeated = scriptExtensions.find((extension) => sentExtensions.includes(extension))
  if (repeated !== undefined) {
    const flag = settings.scripts?.includes(repeated) ? '--scripts' : '--fastcgi or --fallback'
    throw badArgument(`${repeated} is in both ${flag}, which runs it, and --send, which sends it`)
  }
  const tree = scriptExtensions.length > 0 ? [{ url: '' }] : []
  const trees = findFileTrees(folder, settings.files)
  const others = trees.filter(({ url }) => url !== '')
  checkUrls([...cgiFolders, ...programs, ...applications, ...tree, ...others], settings.status)
  const configFiles = CONFIG_NAMES.map((name) => path.join(folder, name))
  const secrets = [configFile, ...configFiles, settings['tls-key'], settings.auth]
  return {
    folder,
    trees,
    scriptExtensions,
    fallback,
    sentExtensions: new Set(sentExtensions),
    indexes: findIndexes(settings.index, scriptExtensions),
    linkRoots: findLinkRoots(settings['link-root']),
    cgiFolders,
    programs,
    applications,
    servers,
    defaultServers,
    interpreters,
    defaultInterpreters,
    secrets: secrets.filter((file) => file !== undefined),
  }
}

/** The names of `--index` come first; scripts of `--scripts` come after pages, as in Apache. */
function findIndexes(given: readonly string[] = [], scriptExtensions: readonly string[]): string[] {
  const pages = ['index.html', 'index.htm']
  const scripts = scriptExtensions.map((extension) => `index${extension}`)
  return [...new Set([...given, ...pages, ...scripts])]
}

/** The extensions of scripts that run wherever they lie: what `--fastcgi` and `--fallback` name, also. */
function findScriptExtensions(
  { scripts = [], fallback }: EffectiveSettings,
  served: readonly string[],
): string[] {
  const named = fallback === undefined ? [] : [path.extname(fallback)]
  return [...new Set([...scripts, ...served, ...named])]
}

/** @throws {CommandError} for a file that cannot be run. */
function checkFallback(
  fallback: string | undefined,
  folder: string,
  extensions: ReadonlySet<string>,
): void {
  if (fallback === undefined) return
  const file = path.join(folder, fallback)
  const extension = path.extname(file)
  const isInterpreted = extensions.has(extension) && existsSync(file)
  if (extension !== '' && (isInterpreted || isProgram(file))) return
  throw badArgument(
    `--fallback must name a script in the folder that can be run, but got '${fallback}'`,
  )
}

function checkUrls(mounts: readonly { readonly url: string }[], hasStatus: boolean): void {
  const seen = new Set<string>()
  for (const { url } of mounts) {
    if (hasStatus && `${url}/`.startsWith(`${STATUS_PATH}/`)) {
      throw badArgument(`${STATUS_PATH}/ is the URL of the status page; --no-status frees it`)
    }
    if (seen.has(url)) {
      const flags =
        url === '' ? '--cgi-dir and --scripts' : '--cgi-dir, --script, --fastcgi and --files'
      throw badArgument(`two of ${flags} have the URL ${url === '' ? '/' : url}`)
    }
    seen.add(url)
  }
}
