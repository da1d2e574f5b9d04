import { invalidOption } from '../data/cgi-error.js'
import type { CgiOptions } from './options.js'
import { CONFINEMENT_OPTIONS } from './process-options.js'
import { refuseOptions } from './rules.js'

/** Options of processes that this process starts. */
const PROCESS_OPTIONS = ['spawner', ...CONFINEMENT_OPTIONS, 'cwd'] as const

/** Checks that the other options suit the transport. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function checkTransport(options: CgiOptions<never>): void {
  const { transport, chunkedBody } = options
  if (transport === undefined) return
  refuseOptions(PROCESS_OPTIONS, options, '`transport` is given')
  if (transport.slots !== undefined) {
    refuseOptions(['maxProcesses'], options, '`transport` has slots of its own')
  }
  if (transport.needsBodyLength === true && chunkedBody === 'stream') {
    const rule = "`'spool'`: the transport needs the length of a body"
    throw invalidOption('chunkedBody', rule, chunkedBody)
  }
}
