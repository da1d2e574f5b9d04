import { closestMatch } from 'leven'
import { accessSync, constants, realpathSync, type Stats, statSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { invalidOption } from './errors.js'
import { guardLogger, processLogger, type CgiLogger } from './logger.js'
import { type CgiOptions, DEFAULTS } from './options.js'
import { isCaseBlind } from './letter-case.js'

/** A program and the arguments it always gets. */
export type Command = readonly [program: string, ...args: string[]]

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
  | 'umask'
  | 'nice'

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
  readonly umask: number | undefined
  readonly nice: number | undefined
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
    inherited: inheritedVariables(options.inheritEnv ?? DEFAULTS.inheritEnv),
    sendfileRoots: (options.sendfileRoots ?? DEFAULTS.sendfileRoots).map((each) =>
      path.resolve(each),
    ),
    cwd: options.cwd === undefined ? undefined : path.resolve(options.cwd),
    authenticate: options.authenticate,
    user: options.user,
    group: options.group,
    umask: options.umask,
    nice: options.nice,
    logger: options.logger === undefined ? processLogger : guardLogger(options.logger),
    errorPage: options.errorPage ?? process.env['NODE_ENV'] !== 'production',
  }
}

/** Whoever may GET may HEAD (RFC 9110 section 9.3.2), as in Apache's `<Limit GET>` and in the frameworks. */
function allowedMethods(methods: readonly string[]): ReadonlySet<string> {
  return new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)))
}

type Rule = readonly [description: string, holds: (value: unknown) => boolean]

const isString = (value: unknown): value is string => typeof value === 'string'
const isText = (value: unknown): value is string =>
  isString(value) && value !== '' && !value.includes('\0')
const isArgument = (value: unknown): value is string => isString(value) && !value.includes('\0')
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isFolder = (value: unknown): boolean => statusOf(value)?.isDirectory() ?? false
const isFunction = (value: unknown): boolean => typeof value === 'function'

const flag: Rule = ['a boolean', (value) => typeof value === 'boolean']
const folder: Rule = [
  'the path of a folder that exists',
  (value) => isText(value) && isFolder(value),
]
const folderList: Rule = [
  'an array of folders that exist',
  (value) => Array.isArray(value) && value.every((each) => isText(each) && isFolder(each)),
]
const oneOf = (...values: string[]): Rule => [
  `one of ${values.map((value) => `'${value}'`).join(', ')}`,
  (value) => isString(value) && values.includes(value),
]
const integer = (least: number, most: number, unit: string): Rule => [
  `an integer from ${least} to ${most}${unit}`,
  (value) =>
    Number.isInteger(value) && typeof value === 'number' && value >= least && value <= most,
]
const EXTENSION = /^\.[^./\\]+$/
/** The longest delay that Node's timers take. */
const milliseconds = integer(0, 2 ** 31 - 1, ' (milliseconds)')
const bytes = (least: number): Rule => integer(least, Number.MAX_SAFE_INTEGER, ' (bytes)')
/** An account or a group. The last number of all means none. */
const identity: Rule = [
  `a name, or an integer from 0 to ${2 ** 32 - 2}`,
  (value) => isText(value) || integer(0, 2 ** 32 - 2, '')[1](value),
]
const count = (least: number): Rule => integer(least, Number.MAX_SAFE_INTEGER, '')

const RULES: { readonly [Name in keyof Required<CgiOptions>]: Rule } = {
  root: ['the path of a folder', isText],
  allowMissingRoot: flag,
  script: ['the path of a program that can be run', isText],
  prefix: [
    'a path that begins with a slash, without empty or dot segments, and without `?#%\\`',
    (value) => isString(value) && /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[^/?#%\\\s]+)+\/?)$/.test(value),
  ],
  interpreters: ['an object of extension to program', isRecord],
  fallbackInterpreters: ['an object of extension to program', isRecord],
  extensions: [
    'an array of file name extensions that begin with their dot, such as `.py`',
    (value) => Array.isArray(value) && value.every((each) => isText(each) && EXTENSION.test(each)),
  ],
  otherFiles: oneOf('deny', 'ignore', 'send'),
  fallback: [
    'the path of a script below `root` that can be run',
    (value) =>
      isText(value) && path.posix.normalize(value) === value && !/^(?:\/|\.\.)/.test(value),
  ],
  linkRoots: folderList,
  index: [
    'an array of file names without a slash',
    (value) =>
      isTexts(value) && Array.isArray(value) && !value.some((name) => /[/\\]|^\.{1,2}$/.test(name)),
  ],
  dotfiles: oneOf('ignore', 'allow'),
  encodedSlashes: oneOf('deny', 'allow'),
  methods: [
    'an array of request methods in upper case, neither TRACE nor CONNECT among them',
    (value) =>
      Array.isArray(value) &&
      value.length > 0 &&
      value.every((name) => isString(name) && /^(?!TRACE$|CONNECT$)[A-Z-]+$/.test(name)),
  ],
  env: [
    'a function, or an object of strings; names without `=`, and no NUL in either',
    (value) => isFunction(value) || (isRecord(value) && findBadVariable(value) === undefined),
  ],
  inheritEnv: [
    'an array of variable names without `=`',
    (value) => isTexts(value) && !String(value).includes('='),
  ],
  documentRoot: folder,
  cwd: folder,
  authenticate: ['a function', isFunction],
  passAuthorization: flag,
  underscoreHeaders: oneOf('ignore', 'allow'),
  indexQuery: flag,
  nph: flag,
  strict: flag,
  sendfileRoots: folderList,
  chunkedBody: oneOf('spool', 'stream'),
  bodyLimit: bytes(0),
  maxHeaderSize: bytes(1),
  headersTimeout: milliseconds,
  bodyTimeout: milliseconds,
  minRate: integer(0, Number.MAX_SAFE_INTEGER, ' (bytes a second)'),
  requestTimeout: milliseconds,
  killTimeout: milliseconds,
  lingerTimeout: milliseconds,
  closeTimeout: milliseconds,
  killOnDisconnect: flag,
  maxProcesses: count(1),
  maxQueue: count(0),
  queueTimeout: milliseconds,
  spawner: oneOf('auto', 'posix_spawn', 'child_process'),
  cpuTimeLimit: milliseconds,
  memoryLimit: bytes(0),
  openFileLimit: count(0),
  fileSizeLimit: bytes(0),
  user: identity,
  group: identity,
  umask: integer(0, 0o777, ' (0o777)'),
  nice: integer(-20, 19, ''),
  logger: [
    'an object with the methods `warn` and `error`',
    (value) => isRecord(value) && isFunction(value['warn']) && isFunction(value['error']),
  ],
  errorPage: flag,
}

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(RULES)

function checkRules(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      throw invalidOption(name, `one of the known options (${nearestOption(name)})`, value)
    }
    // The name was found in RULES just above.
    const [description, holds] = RULES[name as keyof typeof RULES]
    if (value !== undefined && !holds(value)) throw invalidOption(name, description, value)
  }
}

/** The option that was meant, where a name is a typing error; else all names. */
function nearestOption(name: string): string {
  const maxDistance = Math.max(2, Math.floor(name.length / 3))
  const nearest = closestMatch(name, OPTION_NAMES, { maxDistance })
  return nearest === undefined ? OPTION_NAMES.join(', ') : `did you mean \`${nearest}\`?`
}

/** What no environment can hold of these variables, with the reason; undefined where it can hold all. */
export function findBadVariable(variables: Readonly<Record<string, unknown>>): string | undefined {
  // Not Object.entries(): it is done for each request, and would make a pair for each variable.
  for (const name of Object.keys(variables)) {
    const value = variables[name]
    if (name === '' || name.includes('=') || name.includes('\0')) {
      return `the name ${JSON.stringify(name)} is not valid`
    }
    if (!isString(value)) return `the value of ${name} is not a string`
    if (value.includes('\0')) return `the value of ${name} holds a NUL`
  }
  return undefined
}

function checkSource(options: CgiOptions<never>): ScriptSource {
  if (options.script === undefined) {
    const root = path.resolve(options.root ?? DEFAULTS.root)
    const isGood = statusOf(root) === undefined ? options.allowMissingRoot : isFolder(root)
    if (!isGood) throw invalidOption('root', folder[0], options.root ?? DEFAULTS.root)
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
  const { interpreters, fallbackInterpreters } = options
  const interpreted = Object.hasOwn(
    { ...interpreters, ...fallbackInterpreters },
    path.extname(script),
  )
  const runnable = interpreted ? (statusOf(script)?.isFile() ?? false) : isProgram(script)
  if (!runnable) throw invalidOption('script', RULES.script[0], options.script)
  return { type: 'script', file: script }
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
    if (!EXTENSION.test(extension)) {
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

/** The absolute path of a program; a name without a slash is looked up in PATH. */
export function findProgram(name: string): string | undefined {
  if (name.includes('/')) return isProgram(name) ? path.resolve(name) : undefined
  const folders = (process.env['PATH'] ?? FALLBACK_PATH).split(path.delimiter)
  return folders
    .filter((each) => each !== '')
    .map((each) => path.resolve(each, name))
    .find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

function statusOf(file: unknown): Stats | undefined {
  try {
    return isString(file) ? statSync(file) : undefined
  } catch {
    // Whatever the reason, it is not there to be used.
    return undefined
  }
}

const FALLBACK_PATH = '/usr/local/bin:/usr/bin:/bin'
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
