import { existsSync } from 'node:fs'
import path from 'node:path'
import { invalidOption } from '../data/cgi-error.js'
import type { ScriptFinder } from '../transport/script-finder.js'
import { DEFAULTS } from './defaults.js'
import { isFile, isFolder } from './file-status.js'
import type { CgiOptions } from './options.js'
import { isProgram } from './program-search.js'
import { RULES, refuseOptions } from './rules.js'

/** Where scripts come from: the files of a folder, one program for every path, or a finder of the transport. */
export type ScriptSource =
  | { readonly type: 'root'; readonly folder: string }
  | { readonly type: 'script'; readonly file: string }
  | { readonly type: 'transport'; readonly finder: ScriptFinder }

/** Options about the files of `root`. */
const TREE_OPTIONS = ['extensions', 'otherFiles', 'fallback', 'linkRoots'] as const

/** Options about files of this machine. */
const FILE_OPTIONS = [
  'root',
  'allowMissingRoot',
  'script',
  ...TREE_OPTIONS,
  'index',
  'dotfiles',
  'interpreters',
  'fallbackInterpreters',
  'documentRoot',
] as const

/** Makes paths absolute and looks at the files. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function createScriptSource(options: CgiOptions<never>): ScriptSource {
  const { finder } = options.transport ?? {}
  if (finder !== undefined) {
    refuseOptions(FILE_OPTIONS, options, '`transport` finds the scripts')
    return { type: 'transport', finder }
  }
  if (options.script === undefined) return { type: 'root', folder: checkRoot(options) }
  if (options.root !== undefined) {
    throw invalidOption('script', 'absent where `root` is given', options.script)
  }
  refuseOptions(TREE_OPTIONS, options, '`script` is given')
  return { type: 'script', file: checkScript(options.script, options) }
}

/** The folder of the scripts; undefined where they are no files of this machine. */
export function folderOf(source: ScriptSource): string | undefined {
  if (source.type === 'transport') return undefined
  return source.type === 'root' ? source.folder : path.dirname(source.file)
}

function checkRoot({ root = DEFAULTS.root, allowMissingRoot }: CgiOptions<never>): string {
  const folder = path.resolve(root)
  const isGood = existsSync(folder) ? isFolder(folder) : allowMissingRoot
  if (isGood) return folder
  throw invalidOption('root', 'the path of a folder that exists', root)
}

function checkScript(script: string, options: CgiOptions<never>): string {
  const file = path.resolve(script)
  const { interpreters, fallbackInterpreters, transport } = options
  const isInterpreted = Object.hasOwn(
    { ...interpreters, ...fallbackInterpreters },
    path.extname(file),
  )
  const needsNoMode = isInterpreted || transport?.needsExecutable === false
  if (needsNoMode ? isFile(file) : isProgram(file)) return file
  throw invalidOption('script', RULES.script[0], script)
}
