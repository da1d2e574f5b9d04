import { toByteString } from '../data/byte-string.js'
import { createArguments } from './meta-variables.js'
import type { RequestTarget } from '../request/target.js'
import type { Script } from '../script/script.js'
import type { Settings } from '../options/settings.js'
import type { Command } from '../transport/transport.js'

/**
 * The words that a script is started with: its interpreter, if it has one, the script, and with the
 * option `indexQuery` those of the query (RFC 3875 section 4.4). Byte strings.
 */
export function createCommandLine(
  method: string,
  target: RequestTarget,
  script: Script,
  settings: Pick<Settings<never>, 'indexQuery'>,
): Command {
  const [program, ...args] = script.command
  const words = settings.indexQuery ? createArguments(method, target.query) : []
  return [toByteString(program), ...args.map(toByteString), ...words]
}
