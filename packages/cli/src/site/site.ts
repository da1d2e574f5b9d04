import path from 'node:path'
import { badArgument } from '../settings/command-error.js'
import { CONFIG_NAMES } from '../settings/config-file.js'
import type { Configuration } from '../settings/configuration.js'
import { type DefaultInterpreter, findDefaultInterpreters } from '../files/default-interpreters.js'
import { type FileTree, findFileTrees, findLinkRoots } from './file-trees.js'
import { findProgram, isProgram } from '@common-gateway/core/steps'
import type { EffectiveSettings } from '../settings/settings.js'
import { STATUS_PATH } from '../access/access.js'

/** What is served, all of it found: folders are absolute, programs are there. */
export interface Site {
  /** Absolute real path of the folder that is served. */
  readonly folder: string
  /** Folders of files, the one with the longest URL first: that of all the site is the last. */
  readonly trees: readonly FileTree[]
  /** Extensions of the scripts that are run wherever they lie in the folder that is served. */
  readonly scriptExtensions: readonly string[]
  /** Extensions of what is sent though it may be the source of a script. */
  readonly sentExtensions: ReadonlySet<string>
  /** Names of what answers for a folder, in this order. */
  readonly indexes: readonly string[]
  /** Folders that links may lead into, real paths. */
  readonly linkRoots: readonly string[]
  /** Folders of scripts. They may be made later. */
  readonly cgiFolders: readonly CgiFolder[]
  /** Programs that answer for all that is below a URL. */
  readonly programs: readonly Program[]
  /** What runs the scripts with an extension, whatever they are. */
  readonly interpreters: Readonly<Record<string, readonly string[]>>
  /** What runs those that are not executable, as far as it is installed. */
  readonly defaultInterpreters: readonly DefaultInterpreter[]
  /** Files with passwords, keys or settings: neither they nor copies beside them are sent. */
  readonly secrets: readonly string[]
}

/** A folder of scripts, and where they answer. */
export interface CgiFolder {
  readonly url: string
  /** Absolute path. */
  readonly folder: string
  /** Whether somebody has asked for it, so that it is worth a word where it is missing. */
  readonly isGiven: boolean
}

/** One program for all that is below a URL. */
export interface Program {
  readonly url: string
  /** Absolute path. */
  readonly file: string
}

/** Finds all that is to be served. @throws {CommandError} that names what is not there. */
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
      throw badArgument(`${where} must name a program that can be run, and there is none`)
    }),
  )
  const defaultInterpreters = findDefaultInterpreters()
  const extensions = new Set(Object.keys(interpreters))
  for (const { extension, program } of defaultInterpreters) {
    if (program !== undefined) extensions.add(extension)
  }
  const programs = Object.entries(settings.script ?? {}).map(([url, file]) => {
    if (isProgram(file) || extensions.has(path.extname(file))) return { url, file }
    throw badArgument(`--script ${url} must name a program that can be run, but got '${file}'`)
  })
  const { scripts: scriptExtensions = [], send: sentExtensions = [] } = settings
  const both = scriptExtensions.find((extension) => sentExtensions.includes(extension))
  if (both !== undefined) {
    throw badArgument(
      `${both} must be in one of --scripts, which runs it, and --send, which sends it`,
    )
  }
  const tree = scriptExtensions.length > 0 ? [{ url: '' }] : []
  const trees = findFileTrees(folder, settings.files)
  const others = trees.filter(({ url }) => url !== '')
  checkUrls([...cgiFolders, ...programs, ...tree, ...others], settings.status)
  const configFiles = CONFIG_NAMES.map((name) => path.join(folder, name))
  const secrets = [configFile, ...configFiles, settings['tls-key'], settings.auth]
  return {
    folder,
    trees,
    scriptExtensions,
    sentExtensions: new Set(sentExtensions),
    indexes: findIndexes(settings),
    linkRoots: findLinkRoots(settings['link-root']),
    cgiFolders,
    programs,
    interpreters,
    defaultInterpreters,
    secrets: secrets.filter((file) => file !== undefined),
  }
}

/** What names an index comes first; scripts that run anywhere come after pages, as in Apache. */
function findIndexes({ index, scripts = [] }: EffectiveSettings): string[] {
  const pages = ['index.html', 'index.htm']
  const all = index === undefined ? [] : [...index]
  all.push(...pages, ...scripts.map((extension) => `index${extension}`))
  return [...new Set(all)]
}

function checkUrls(mounts: readonly { readonly url: string }[], hasStatus: boolean): void {
  const seen = new Set<string>()
  for (const { url } of mounts) {
    if (hasStatus && `${url}/`.startsWith(`${STATUS_PATH}/`)) {
      throw badArgument(`${STATUS_PATH}/ is the status page's, unless there is --no-status`)
    }
    if (seen.has(url)) {
      const flags = url === '' ? '--cgi-dir and --scripts' : '--cgi-dir, --script and --files'
      throw badArgument(`two of ${flags} answer at ${url === '' ? '/' : url}`)
    }
    seen.add(url)
  }
}
