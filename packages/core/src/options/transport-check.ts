import path from 'node:path'
import { invalidOption } from '../data/cgi-error.js'
import type { Transport } from '../transport/transport.js'
import { type Interpreter, isCommand } from './interpreters.js'
import type { CgiOptions } from './options.js'
import { CONFINEMENT_OPTIONS } from './process-options.js'
import { refuseOptions } from './rules.js'

/** Options of processes that this process starts. */
const PROCESS_OPTIONS = ['spawner', ...CONFINEMENT_OPTIONS, 'cwd'] as const

/** The transports of a gateway, and the interpreters that its options name. */
interface Transports {
  readonly all: ReadonlySet<Transport>
  readonly interpreters: ReadonlyMap<string, Interpreter>
}

/** Checks that the other options suit the transports. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function checkTransports(options: CgiOptions<never>, transports: Transports): void {
  const all = [...transports.all]
  const { chunkedBody } = options
  if (chunkedBody === 'stream' && all.some(({ needsBodyLength }) => needsBodyLength === true)) {
    const rule = "`'spool'`: the transport needs the length of a body"
    throw invalidOption('chunkedBody', rule, chunkedBody)
  }
  const where = whyNoProcess(options, transports)
  if (where === undefined) return
  refuseOptions(PROCESS_OPTIONS, options, where)
  // Only the transport of the option `transport` gets arguments.
  if (options.transport === undefined) refuseOptions(['indexQuery'], options, where)
  if (all.every(({ inheritsEnvironment }) => inheritsEnvironment === false)) {
    refuseOptions(['inheritEnv'], options, 'no script gets variables of this process')
  }
  if (all.every(({ slots }) => slots !== undefined)) {
    const owner = options.transport === undefined ? 'the transport' : '`transport`'
    refuseOptions(['maxProcesses'], options, `${owner} has slots of its own`)
  }
}

/** Why no script is a process of this process; undefined where one may be. */
function whyNoProcess(
  { transport, script, extensions }: CgiOptions<never>,
  { interpreters }: Transports,
): string | undefined {
  if (transport !== undefined) return '`transport` is given'
  if (script !== undefined && typeof script !== 'string') return '`script` is a transport'
  const names = script === undefined ? extensions : [path.extname(script)]
  if (names === undefined || names.length === 0) return undefined
  const isRemote = (extension: string): boolean => {
    const interpreter = interpreters.get(extension)
    return interpreter !== undefined && !isCommand(interpreter)
  }
  return names.every(isRemote) ? 'a transport runs every script' : undefined
}
