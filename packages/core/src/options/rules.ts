import { closestMatch } from 'leven'
import path from 'node:path'
import { findBadVariable } from '../data/bad-variable.js'
import { invalidOption } from '../data/cgi-error.js'
import { isFolder } from './file-status.js'
import type { CgiOptions } from './options.js'
import type { Transport } from '../transport/transport.js'
import { isSpawnerFactory } from '../transport/spawner-factory.js'
import { isTransportFactory } from '../transport/transport-factory.js'

type Rule = readonly [description: string, holds: (value: unknown) => boolean]

const isString = (value: unknown): value is string => typeof value === 'string'
/** Whether a value can be a path or a name. */
export const isText = (value: unknown): value is string =>
  isString(value) && value !== '' && !value.includes('\0')
/** Whether a value can be an argument of a program. */
export const isArgument = (value: unknown): value is string =>
  isString(value) && !value.includes('\0')
const isTexts = (value: unknown): boolean => Array.isArray(value) && value.every(isText)
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
/** Whether a value is a file name extension with its dot. */
export const isExtension = (value: unknown): value is string =>
  isText(value) && /^\.[^./\\]+$/.test(value)
const isFunction = (value: unknown): boolean => typeof value === 'function'
const hasMethods = (value: unknown, ...names: string[]): value is Record<string, unknown> =>
  isRecord(value) && names.every((name) => isFunction(value[name]))

/** Whether a value is a transport. */
export const isTransport = (value: unknown): value is Transport =>
  hasMethods(value, 'open', 'close') &&
  (value['finder'] === undefined || hasMethods(value['finder'], 'find')) &&
  (value['slots'] === undefined || hasMethods(value['slots'], 'take', 'wait'))
const isTransportOrFactory = (value: unknown): boolean =>
  isTransportFactory(value) || isTransport(value)

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
/** The longest delay that Node's timers take. */
const milliseconds = integer(0, 2 ** 31 - 1, ' (milliseconds)')
const bytes = (least: number): Rule => integer(least, Number.MAX_SAFE_INTEGER, ' (bytes)')
/** An account or a group. The last number of all means none. */
const identity: Rule = [
  `a name, or an integer from 0 to ${2 ** 32 - 2}`,
  (value) => isText(value) || integer(0, 2 ** 32 - 2, '')[1](value),
]
const count = (least: number): Rule => integer(least, Number.MAX_SAFE_INTEGER, '')

/** What each option must be. */
export const RULES: { readonly [Name in keyof Required<CgiOptions>]: Rule } = {
  root: ['the path of a folder', isText],
  allowMissingRoot: flag,
  script: [
    'the path of a program that can be run, or a transport that finds its scripts',
    (value) => isText(value) || isTransportOrFactory(value),
  ],
  prefix: [
    'a path that begins with a slash, without empty or dot segments, and without `?#%\\`',
    (value) => isString(value) && /^(?:\/|(?:\/(?!\.{1,2}(?:\/|$))[^/?#%\\\s]+)+\/?)$/.test(value),
  ],
  interpreters: ['an object of extension to program or transport', isRecord],
  fallbackInterpreters: ['an object of extension to program or transport', isRecord],
  extensions: [
    'an array of file name extensions that begin with their dot, such as `.py`',
    (value) => Array.isArray(value) && value.every(isExtension),
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
  minRate: integer(0, Number.MAX_SAFE_INTEGER, ' (bytes per second)'),
  requestTimeout: milliseconds,
  killTimeout: milliseconds,
  lingerTimeout: milliseconds,
  closeTimeout: milliseconds,
  killOnDisconnect: flag,
  maxProcesses: count(1),
  maxQueue: count(0),
  queueTimeout: milliseconds,
  spawner: [
    "one of 'auto', 'posix_spawn', 'child_process', or an object with the method `spawn` or `createSpawner`",
    (value) =>
      value === 'auto' ||
      value === 'posix_spawn' ||
      value === 'child_process' ||
      hasMethods(value, 'spawn') ||
      isSpawnerFactory(value),
  ],
  cpuTimeLimit: milliseconds,
  memoryLimit: bytes(0),
  openFileLimit: count(0),
  fileSizeLimit: bytes(0),
  user: identity,
  group: identity,
  nice: integer(-20, 19, ''),
  transport: [
    'an object with the methods `open` and `close`; `find` in its `finder`, `take` and `wait` in its `slots`, if it has them; or a factory with the method `createTransport`',
    isTransportOrFactory,
  ],
  logger: [
    'an object with the methods `warn` and `error`',
    (value) => hasMethods(value, 'warn', 'error'),
  ],
  errorPage: flag,
}

/** The names of all options. */
export const OPTION_NAMES: readonly string[] = Object.keys(RULES)

/** Checks each option by its rule. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function checkRules(options: object): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(RULES, name)) {
      throw invalidOption(name, `one of the known options (${nearestOption(name)})`, value)
    }
    // The name was found in RULES just above.
    const [description, holds] = RULES[name as keyof typeof RULES]
    if (value !== undefined && !holds(value)) throw invalidOption(name, description, value)
  }
}

/** Refuses options that have no meaning beside another. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function refuseOptions(
  names: readonly (keyof CgiOptions)[],
  options: CgiOptions<never>,
  where: string,
): void {
  for (const name of names) {
    if (options[name] === undefined) continue
    throw invalidOption(name, `absent where ${where}`, options[name])
  }
}

/** The option that was meant, where a name is a typing error; else all names. */
function nearestOption(name: string): string {
  const maxDistance = Math.max(2, Math.floor(name.length / 3))
  const nearest = closestMatch(name, OPTION_NAMES, { maxDistance })
  return nearest === undefined ? OPTION_NAMES.join(', ') : `did you mean \`${nearest}\`?`
}
