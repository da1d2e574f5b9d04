import { invalidOption } from '../data/cgi-error.js'
import type { Command, Transport } from '../transport/transport.js'
import { isTransportFactory } from '../transport/transport-factory.js'
import { DEFAULTS } from './defaults.js'
import type { CgiOptions } from './options.js'
import { findProgram } from './program-search.js'
import { isArgument, isExtension, isText, isTransport } from './rules.js'
import type { TransportMaker } from './transport-maker.js'

/** What runs the scripts with an extension: a program and its arguments, or a transport. */
export type Interpreter = Command | Transport

/** Whether an interpreter is a program. */
export function isCommand(interpreter: Interpreter): interpreter is Command {
  return Array.isArray(interpreter)
}

/**
 * Finds the programs, and makes the transports, of `interpreters` or `fallbackInterpreters`.
 *
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function findInterpreters(
  name: 'interpreters' | 'fallbackInterpreters',
  options: CgiOptions<never>,
  transports: TransportMaker,
): Map<string, Interpreter> {
  const interpreters = new Map<string, Interpreter>()
  for (const [extension, value] of Object.entries(options[name] ?? DEFAULTS[name])) {
    const option = `${name}['${extension}']`
    if (!isExtension(extension)) {
      throw invalidOption(option, 'for an extension that begins with its dot, such as `.py`', value)
    }
    interpreters.set(extension, toInterpreter(option, value, transports))
  }
  return interpreters
}

function toInterpreter(option: string, value: unknown, transports: TransportMaker): Interpreter {
  if (isTransportFactory(value) || isTransport(value)) {
    const transport = transports.make(option, value)
    if (transport.finder === undefined) return transport
    const rule = 'a transport without a finder, since the files of `root` are the scripts'
    throw invalidOption(option, rule, value)
  }
  const [program, ...args]: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (!isText(program) || !args.every(isArgument)) {
    const rule = 'a program, an array of a program and its arguments, or a transport'
    throw invalidOption(option, rule, value)
  }
  const file = findProgram(program)
  if (file === undefined) throw invalidOption(option, 'a program that can be run', value)
  return [file, ...args]
}
