import { existsSync } from 'node:fs'
import path from 'node:path'
import { invalidOption } from '../data/cgi-error.js'
import type { ScriptFinder } from '../transport/script-finder.js'
import type { Transport } from '../transport/transport.js'
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
  ...TREE_OPTIONS,
  'index',
  'dotfiles',
  'interpreters',
  'fallbackInterpreters',
  'documentRoot',
] as const

/**
 * Makes paths absolute and looks at the files.
 *
 * @param transport - that of the option `transport` or `script`.
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function createScriptSource(
  options: CgiOptions<never>,
  transport: Transport | undefined,
): ScriptSource {
  const { script } = options
  if (script !== undefined && typeof script !== 'string') {
    refuseOptions([...FILE_OPTIONS, 'transport'], options, '`script` is a transport')
    if (transport?.finder !== undefined) return { type: 'transport', finder: transport.finder }
    throw invalidOption('script', RULES.script[0], script)
  }
  if (transport?.finder !== undefined) {
    refuseOptions([...FILE_OPTIONS, 'script'], options, '`transport` finds the scripts')
    return { type: 'transport', finder: transport.finder }
  }
  if (script === undefined) return { type: 'root', folder: checkRoot(options) }
  if (options.root !== undefined) {
    throw invalidOption('script', 'absent where `root` is given', script)
  }
  refuseOptions(TREE_OPTIONS, options, '`script` is given')
  return { type: 'script', file: checkScript(script, options, transport) }
}

function checkRoot({ root = DEFAULTS.root, allowMissingRoot }: CgiOptions<never>): string {
  const folder = path.resolve(root)
  const isGood = existsSync(folder) ? isFolder(folder) : allowMissingRoot
  if (isGood) return folder
  const place = path.isAbsolute(root) ? '' : `, from the working directory ${process.cwd()}`
  throw invalidOption('root', `the path of a folder that exists${place}`, root)
}

function checkScript(
  script: string,
  options: CgiOptions<never>,
  transport: Transport | undefined,
): string {
  const file = path.resolve(script)
  const { interpreters, fallbackInterpreters } = options
  const isInterpreted = Object.hasOwn(
    { ...interpreters, ...fallbackInterpreters },
    path.extname(file),
  )
  const needsNoMode = isInterpreted || transport?.needsExecutable === false
  if (needsNoMode ? isFile(file) : isProgram(file)) return file
  throw invalidOption('script', RULES.script[0], script)
}
