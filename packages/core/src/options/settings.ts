import { realpathSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DEFAULTS } from './defaults.js'
import { invalidOption } from '../data/cgi-error.js'
import { isCaseBlind } from '../data/letter-case.js'
import { type CgiLogger, guardLogger, processLogger } from '../data/logger.js'
import {
  checkRules,
  isArgument,
  isExtension,
  isFile,
  isFolder,
  isMissing,
  isText,
  RULES,
} from './rules.js'
import type { CgiOptions } from './options.js'
import { FALLBACK_PATH, findProgram, isProgram } from './program-search.js'
import type { Command, Transport } from '../transport/transport.js'

/** Which files are scripts: those of a folder, or one program for everything. */
export type ScriptSource =
  | { readonly type: 'root'; readonly folder: string }
  | { readonly type: 'script'; readonly file: string }

type Checked = Required<Omit<CgiOptions<never>, OptionsThatChange>>
type OptionsThatChange =
  | 'root'
  | 'script'
  | 'interpreters'
  | 'fallbackInterpreters'
  | 'extensions'
  | 'fallback'
  | 'methods'
  | 'env'
  | 'inheritEnv'
  | 'cwd'
  | 'authenticate'
  | 'user'
  | 'group'
  | 'nice'
  | 'transport'

/** The options after their check: defaults filled in, paths absolute, programs found. */
export interface Settings<Native> extends Checked {
  readonly source: ScriptSource
  readonly interpreters: ReadonlyMap<string, Command>
  readonly fallbackInterpreters: ReadonlyMap<string, Command>
  /** Undefined: a file with any name can be a script. */
  readonly extensions: ReadonlySet<string> | undefined
  /** Path below the root of the script that answers for what names no file. */
  readonly fallback: string | undefined
  /** Real paths. */
  readonly linkRoots: readonly string[]
  /** Whether the file system of the root takes names in another letter case for the same. */
  readonly isCaseBlind: boolean
  readonly methods: ReadonlySet<string> | undefined
  readonly env: CgiOptions<Native>['env']
  /** The host's variables that scripts get, as they were when the gateway was made. */
  readonly inherited: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  readonly authenticate: CgiOptions<Native>['authenticate']
  readonly user: string | number | undefined
  readonly group: string | number | undefined
  readonly nice: number | undefined
  readonly transport: Transport | undefined
  readonly logger: CgiLogger
}

/** Checks the options and makes settings of them. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function createSettings<Native>(options: CgiOptions<Native>): Settings<Native> {
  // `app.use(cgi)` calls what makes a gateway with each request.
  if ((options as unknown) instanceof Readable) {
    throw invalidOption(
      'options',
      'an object, not a request: call it, as in `app.use(cgi())`',
      options,
    )
  }
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidOption('options', 'an object', options)
  }
  checkRules(options)
  checkTransport(options)
  const source = checkSource(options)
  const linkRoots = (options.linkRoots ?? DEFAULTS.linkRoots).map((each) => realpathSync(each))
  const extensions = options.extensions && new Set(options.extensions)
  return {
    ...withDefaults(options),
    source,
    linkRoots,
    extensions,
    fallback: options.fallback,
    isCaseBlind: isCaseBlind(folderOf(source)),
    prefix: (options.prefix ?? DEFAULTS.prefix).replace(/\/+$/, ''),
    documentRoot: path.resolve(options.documentRoot ?? folderOf(source)),
    interpreters: checkInterpreters('interpreters', options),
    fallbackInterpreters: checkInterpreters('fallbackInterpreters', options),
    methods: options.methods && allowedMethods(options.methods),
    env: options.env,
    inherited:
      options.transport?.inheritsEnvironment === false
        ? {}
        : inheritedVariables(options.inheritEnv ?? DEFAULTS.inheritEnv),
    sendfileRoots: (options.sendfileRoots ?? DEFAULTS.sendfileRoots).map((each) =>
      path.resolve(each),
    ),
    cwd: options.cwd === undefined ? undefined : path.resolve(options.cwd),
    authenticate: options.authenticate,
    user: options.user,
    group: options.group,
    nice: options.nice,
    transport: options.transport,
    logger: options.logger === undefined ? processLogger : guardLogger(options.logger),
    errorPage: options.errorPage ?? process.env['NODE_ENV'] !== 'production',
  }
}

/** Whoever may GET may HEAD (RFC 9110 section 9.3.2), as in Apache's `<Limit GET>` and in the frameworks. */
function allowedMethods(methods: readonly string[]): ReadonlySet<string> {
  return new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)))
}

function checkSource(options: CgiOptions<never>): ScriptSource {
  if (options.script === undefined) {
    const root = path.resolve(options.root ?? DEFAULTS.root)
    const isGood = isMissing(root) ? options.allowMissingRoot : isFolder(root)
    if (!isGood) {
      throw invalidOption('root', 'the path of a folder that exists', options.root ?? DEFAULTS.root)
    }
    return { type: 'root', folder: root }
  }
  if (options.root !== undefined) {
    throw invalidOption('script', 'absent where `root` is given', options.script)
  }
  for (const name of ['extensions', 'otherFiles', 'fallback', 'linkRoots'] as const) {
    if (options[name] === undefined) continue
    throw invalidOption(name, 'absent where `script` is given', options[name])
  }
  const script = path.resolve(options.script)
  const { interpreters, fallbackInterpreters, transport } = options
  const interpreted = Object.hasOwn(
    { ...interpreters, ...fallbackInterpreters },
    path.extname(script),
  )
  const needsNoMode = interpreted || transport?.needsExecutable === false
  const runnable = needsNoMode ? isFile(script) : isProgram(script)
  if (!runnable) throw invalidOption('script', RULES.script[0], options.script)
  return { type: 'script', file: script }
}

/** Options of processes that this process starts. */
const PROCESS_OPTIONS = [
  'spawner',
  'cpuTimeLimit',
  'memoryLimit',
  'openFileLimit',
  'fileSizeLimit',
  'user',
  'group',
  'nice',
  'cwd',
] as const satisfies (keyof CgiOptions)[]

function checkTransport(options: CgiOptions<never>): void {
  if (options.transport === undefined) return
  for (const name of PROCESS_OPTIONS) {
    if (options[name] === undefined) continue
    throw invalidOption(name, 'absent where `transport` is given', options[name])
  }
  if (options.transport.needsBodyLength === true && options.chunkedBody === 'stream') {
    const rule = "`'spool'`: the transport needs the length of a body"
    throw invalidOption('chunkedBody', rule, options.chunkedBody)
  }
}

function folderOf(source: ScriptSource): string {
  return source.type === 'root' ? source.folder : path.dirname(source.file)
}

function checkInterpreters(
  name: 'interpreters' | 'fallbackInterpreters',
  options: CgiOptions<never>,
): Map<string, Command> {
  const commands = new Map<string, Command>()
  for (const [extension, value] of Object.entries(options[name] ?? DEFAULTS[name])) {
    const option = `${name}['${extension}']`
    if (!isExtension(extension)) {
      throw invalidOption(option, 'for an extension that begins with its dot, such as `.py`', value)
    }
    const [program, ...args]: readonly unknown[] = Array.isArray(value) ? value : [value]
    if (!isText(program) || !args.every(isArgument)) {
      throw invalidOption(option, 'a program, or an array of a program and its arguments', value)
    }
    const file = findProgram(program)
    if (file === undefined) throw invalidOption(option, 'a program that can be run', value)
    commands.set(extension, [file, ...args])
  }
  return commands
}

/** Scripts cannot do without them, or would tell another time than the host, and they are no secret. */
const ALWAYS_INHERITED = ['PATH', 'TZ', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH']

function inheritedVariables(names: readonly string[]): Record<string, string> {
  const variables: Record<string, string> = { PATH: FALLBACK_PATH }
  for (const name of [...ALWAYS_INHERITED, ...names]) {
    const value = process.env[name]
    if (value !== undefined) variables[name] = value
  }
  return variables
}

function withDefaults(options: CgiOptions<never>): typeof DEFAULTS & CgiOptions<never> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  // fromEntries cannot tell which keys there are; the rules have been checked before.
  return { ...DEFAULTS, ...(Object.fromEntries(given) as object) }
}
