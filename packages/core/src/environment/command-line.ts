import type { Settings } from '../options/settings.js'
import type { RequestTarget } from '../request/target.js'
import type { Script } from '../script/finder.js'
import { toCommandLine } from '../transport/command-line.js'
import type { Command } from '../transport/transport.js'
import { createArguments } from './meta-variables.js'

type ArgumentSettings = Pick<Settings<never>, 'indexQuery'>

/**
 * The arguments of a script from the query, with the option `indexQuery` (RFC 3875 section 4.4). Byte strings. The
 * transport of an extension gets none: FastCGI has no place for them.
 */
export function argumentsOf(
  method: string,
  { query }: RequestTarget,
  { transport }: Script,
  { indexQuery }: ArgumentSettings,
): readonly string[] {
  return indexQuery && transport === undefined ? createArguments(method, query) : []
}

/**
 * The command line of a script: its interpreter, if it has one, the script, and the arguments from the query.
 * Byte strings.
 */
export function createCommandLine(
  method: string,
  target: RequestTarget,
  script: Script,
  settings: ArgumentSettings,
): Command {
  return toCommandLine(script.command, argumentsOf(method, target, script, settings))
}
