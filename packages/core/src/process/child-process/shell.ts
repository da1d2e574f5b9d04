import { isAscii } from '../../data/byte-string.js'
import { CgiError } from '../../data/cgi-error.js'
import type { SpawnOptions } from '../../transport/spawner.js'

/** A program that is started: its arguments and environment variables; byte strings. */
type Invocation = Pick<SpawnOptions, 'command' | 'environment'>

/** The name by which the shell begins its messages. */
export const SHELL_NAME = 'common-gateway'

/** Begins the names of variables that hold the encoded value of another. */
const ENCODED = 'COMMON_GATEWAY_ENCODED_'

/**
 * Decodes variables and arguments, and executes the program. The names of encoded variables come first; their
 * values are in other variables, since every user can read a command line. After `--` come the arguments of
 * the command: `t` begins one that is text, `b` one that is encoded. The dot keeps newlines at the end, which
 * a command substitution removes.
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

/** Variables that shells set themselves: the script above sets them last, or unsets them. */
const SET_BY_SHELLS = ['PWD', 'OLDPWD', 'SHLVL', '_']
/** Variables that change a shell, or that it does not pass on. */
const KEPT_BY_SHELLS = /^(?:IFS|LINENO|OPTIND|PPID|E?UID|ENV|BASH.*|SHELLOPTS)$/

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
    if (!/^[A-Za-z_]\w*$/.test(name) || KEPT_BY_SHELLS.test(name)) {
      const reason = `a shell, which starts this script, cannot pass the variable ${name} on`
      throw new CgiError('CGI_ERR_ENVIRONMENT', { reason })
    }
    if (SET_BY_SHELLS.includes(name) || !isAscii(value)) {
      encoded.push(name)
      variables[ENCODED + name] = escapeForPrintf(value)
    } else {
      variables[name] = value
    }
  }
  const strays = SET_BY_SHELLS.filter((name) => environment[name] === undefined)
  const unset = strays.length === 0 ? '' : `unset ${strays.join(' ')} 2>/dev/null`
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
