import { isAscii } from '../../data/byte-string.js'
import { CgiError } from '../../data/cgi-error.js'
import type { SpawnOptions } from '../../transport/spawner.js'

/** The arguments and environment variables of a program; byte strings. */
type Invocation = Pick<SpawnOptions, 'command' | 'environment'>

/** The name by which the shell begins its messages. */
export const SHELL_NAME = 'common-gateway'

/** The prefix of variables that hold the encoded value of another. */
const ENCODED = 'COMMON_GATEWAY_ENCODED_'

/**
 * Decodes variables and arguments, and executes the program. Its arguments are the names of the encoded
 * variables, `--`, and the arguments of the command: `t` marks text, `b` encoded bytes. Values of variables are
 * passed in other variables, since every user can read a command line. A command substitution removes newlines
 * at the end; the dot keeps them.
 */
const DECODE_AND_RUN = [
  'while [ "$1" != -- ]; do',
  '  eval "$1=\\$(printf %b. \\"\\$ENCODED_$1\\"); $1=\\${$1%.}; export $1; unset ENCODED_$1"',
  '  shift',
  'done',
  'shift',
  'for ENCODED_; do',
  '  shift',
  '  case $ENCODED_ in',
  '    b*) ENCODED_=$(printf %b. "${ENCODED_#b}"); set -- "$@" "${ENCODED_%.}" ;;',
  '    *) set -- "$@" "${ENCODED_#t}" ;;',
  '  esac',
  'done',
  'unset ENCODED_',
  'exec "$@"',
]
  .join('\n')
  .replaceAll('ENCODED_', ENCODED)

/** Variables that shells set themselves: they are always encoded, or unset if the script should not have them. */
const SET_BY_SHELLS = ['PWD', 'OLDPWD', 'SHLVL', '_']
/** Variables that change a shell, or that it does not pass on. */
const NOT_PASSED_BY_SHELLS = /^(?:IFS|LINENO|OPTIND|PPID|E?UID|ENV|BASH.*|SHELLOPTS)$/

/**
 * The command line of a shell that executes the program with the same arguments and variables. Values that are
 * not ASCII are encoded on the way.
 *
 * @throws {CgiError} CGI_ERR_ENVIRONMENT: a variable that shells do not pass on.
 */
export function throughShell({ command, environment }: Invocation): Invocation {
  const variables: Record<string, string> = {}
  const encoded: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_]\w*$/.test(name) || NOT_PASSED_BY_SHELLS.test(name)) {
      const reason = `the shell that starts this script cannot pass the variable ${name}`
      throw new CgiError('CGI_ERR_ENVIRONMENT', { reason })
    }
    if (SET_BY_SHELLS.includes(name) || !isAscii(value)) {
      encoded.push(name)
      variables[ENCODED + name] = escapeForPrintf(value)
    } else {
      variables[name] = value
    }
  }
  const unwanted = SET_BY_SHELLS.filter((name) => environment[name] === undefined)
  const unset = unwanted.length === 0 ? '' : `unset ${unwanted.join(' ')} 2>/dev/null`
  const script = [unset, DECODE_AND_RUN].join('\n')
  const args = command.map((arg) => (isAscii(arg) ? `t${arg}` : `b${escapeForPrintf(arg)}`))
  return {
    command: ['/bin/sh', '-c', script, SHELL_NAME, ...encoded, '--', ...args],
    environment: variables,
  }
}

function escapeForPrintf(value: string): string {
  return value.replace(
    /[^A-Za-z0-9_= ]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}
