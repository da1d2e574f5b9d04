import { invalidOption } from '../data/cgi-error.js'
import type { Command } from '../transport/transport.js'
import { DEFAULTS } from './defaults.js'
import type { CgiOptions } from './options.js'
import { findProgram } from './program-search.js'
import { isArgument, isExtension, isText } from './rules.js'

/** Finds the programs of `interpreters` or `fallbackInterpreters`. @throws {CgiError} CGI_ERR_INVALID_OPTION */
export function findInterpreters(
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
