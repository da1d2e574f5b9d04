import { realpathSync } from 'node:fs'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DEFAULTS } from './defaults.js'
import { invalidOption } from '../data/cgi-error.js'
import { isCaseBlind } from '../data/letter-case.js'
import { type CgiLogger, guardLogger, processLogger } from '../data/logger.js'
import { inheritVariables } from './inherited-variables.js'
import { findInterpreters, type Interpreter } from './interpreters.js'
import { checkRules } from './rules.js'
import type { CgiOptions } from './options.js'
import { createScriptSource, type ScriptSource } from './script-source.js'
import { checkTransports } from './transport-check.js'
import { TransportMaker } from './transport-maker.js'
import type { Transport } from '../transport/transport.js'

type Checked = Required<Omit<CgiOptions<never>, OptionsThatChange>>
type OptionsThatChange =
  | 'root'
  | 'script'
  | 'interpreters'
  | 'fallbackInterpreters'
  | 'extensions'
  | 'fallback'
  | 'methods'
  | 'documentRoot'
  | 'env'
  | 'inheritEnv'
  | 'cwd'
  | 'authenticate'
  | 'user'
  | 'group'
  | 'nice'
  | 'transport'

/** The checked options: with defaults, absolute paths, and the paths of programs. */
export interface Settings<Native> extends Checked {
  readonly source: ScriptSource
  readonly interpreters: ReadonlyMap<string, Interpreter>
  readonly fallbackInterpreters: ReadonlyMap<string, Interpreter>
  /** Whether a script without an interpreter must be executable. */
  readonly needsExecutable: boolean
  /** Undefined: a file with any name can be a script. */
  readonly extensions: ReadonlySet<string> | undefined
  /** Path below the root of the script that answers for paths that name no file. */
  readonly fallback: string | undefined
  /** Real paths. */
  readonly linkRoots: readonly string[]
  /** Whether the file system of the root ignores letter case. */
  readonly isCaseBlind: boolean
  readonly methods: ReadonlySet<string> | undefined
  /** Absolute path; undefined where scripts are no files of this machine. */
  readonly documentRoot: string | undefined
  readonly env: CgiOptions<Native>['env']
  /** The variables of the process that scripts get, as they were when the gateway was created. */
  readonly inherited: Readonly<Record<string, string>>
  readonly cwd: string | undefined
  readonly authenticate: CgiOptions<Native>['authenticate']
  readonly user: string | number | undefined
  readonly group: string | number | undefined
  readonly nice: number | undefined
  /** Runs the scripts whose extension has no transport; undefined: a process for each request. */
  readonly transport: Transport | undefined
  /** All transports that the options name, with those of extensions; the gateway closes each. */
  readonly transports: ReadonlySet<Transport>
  readonly logger: CgiLogger
}

/** Checks the options and resolves them. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function createSettings<Native>(options: CgiOptions<Native>): Settings<Native> {
  // `app.use(cgi)` passes each request as the options.
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
  const logger = options.logger === undefined ? processLogger : guardLogger(options.logger)
  const withDefaultValues = withDefaults(options)
  const { killTimeout, queueTimeout } = withDefaultValues
  const root = folderOf(options)
  const { extensions } = options
  const maker = new TransportMaker({ logger, root, extensions, killTimeout, queueTimeout })
  const transport = makeTransport(options, maker)
  const source = createScriptSource(options, transport)
  const interpreters = findInterpreters('interpreters', options, maker)
  const fallbackInterpreters = findInterpreters('fallbackInterpreters', options, maker)
  const transports = maker.made
  checkTransports(options, { all: transports, interpreters })
  const folder = source.type === 'transport' ? undefined : root
  const { linkRoots = DEFAULTS.linkRoots, sendfileRoots = DEFAULTS.sendfileRoots } = options
  const documentRoot = options.documentRoot ?? folder
  return {
    ...withDefaultValues,
    source,
    linkRoots: linkRoots.map((name) => realpathSync(name)),
    extensions: options.extensions && new Set(options.extensions),
    fallback: options.fallback,
    isCaseBlind: folder !== undefined && isCaseBlind(folder),
    prefix: (options.prefix ?? DEFAULTS.prefix).replace(/\/+$/, ''),
    documentRoot: documentRoot === undefined ? undefined : path.resolve(documentRoot),
    interpreters,
    fallbackInterpreters,
    needsExecutable: transport?.needsExecutable !== false,
    methods: options.methods && allowedMethods(options.methods),
    env: options.env,
    inherited: inheritVariables(options, transport),
    sendfileRoots: sendfileRoots.map((name) => path.resolve(name)),
    cwd: options.cwd === undefined ? undefined : path.resolve(options.cwd),
    authenticate: options.authenticate,
    user: options.user,
    group: options.group,
    nice: options.nice,
    transport,
    transports,
    logger,
    errorPage: options.errorPage ?? process.env['NODE_ENV'] !== 'production',
  }
}

/** The absolute path of the folder of the scripts; undefined where scripts are no files of this machine. */
function folderOf({ root = DEFAULTS.root, script }: CgiOptions<never>): string | undefined {
  if (script === undefined) return path.resolve(root)
  return typeof script === 'string' ? path.dirname(path.resolve(script)) : undefined
}

/** The transport of scripts whose extension has none. */
function makeTransport(
  { transport, script }: CgiOptions<never>,
  maker: TransportMaker,
): Transport | undefined {
  if (transport !== undefined) return maker.make('transport', transport)
  return typeof script === 'object' ? maker.make('script', script) : undefined
}

/** A client that may GET may HEAD (RFC 9110 section 9.3.2), as in Apache's `<Limit GET>` and in the frameworks. */
function allowedMethods(methods: readonly string[]): ReadonlySet<string> {
  return new Set(methods.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : method)))
}

function withDefaults(options: CgiOptions<never>): typeof DEFAULTS & CgiOptions<never> {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  // fromEntries cannot tell which keys there are; the rules have been checked before.
  return { ...DEFAULTS, ...(Object.fromEntries(given) as object) }
}
