import { toByteString, type SpawnOptions } from '@common-gateway/core/transport'

/** The most bytes of a message; more may not fit into the buffer of the socket (`net.core.wmem_default`). */
export const MOST_BYTES = 100_000

/** A request to a fork server. */
export type ForkRequest = Pick<SpawnOptions, 'stdin' | 'cwd' | 'environment'> & {
  readonly id: number
  /** The path of the script as in the command, and its arguments; byte strings. */
  readonly argv: readonly string[]
}

/**
 * The message of a request: fields that NUL separates, as no field has one. `ID KIND` with the kind of standard input,
 * the working directory, the number of arguments, the arguments, and the whole environment. A byte string.
 */
export function encodeRequest({ id, stdin, cwd, argv, environment }: ForkRequest): string {
  const kind = typeof stdin === 'number' ? 'file' : stdin
  let message = `${id} ${kind}\0${toByteString(cwd)}\0${argv.length}`
  for (const argument of argv) message += `\0${argument}`
  for (const name in environment) message += `\0${name}=${environment[name]}`
  return message
}
