import { toByteString } from '../data/byte-string.js'
import type { Command } from './transport.js'

/** The command line of a script and its arguments. Byte strings. */
export function toCommandLine([program, ...own]: Command, args: readonly string[]): Command {
  return [toByteString(program), ...own.map(toByteString), ...args]
}
