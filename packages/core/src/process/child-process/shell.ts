import { isAscii } from '../../data/byte-string.js'
import { CgiError } from '../../data/cgi-error.js'
import type { SpawnOptions } from '../../transport/spawner.js'

/** A program that is started: words and variables; byte strings. */
export type Invocation = Pick<SpawnOptions, 'command' | 'environment'>

/** How a shell that becomes the program calls itself in what it says. */
export const SHELL_NAME = 'common-gateway'

/** Begins the names of variables that hold the encoded value of another. */
const ENCODED = 'COMMON_GATEWAY_ENCODED_'

/**
 * Decodes what is encoded, and becomes the program. First come the names of variables, whose
 * values stand encoded in variables of their own: on a command line everybody could read them. After
 * `--` come the words of the command: those that begin with `t` are text, those with `b` are encoded.
 * The dot keeps newlines at the end, which a substitution would take away.
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

/** Variables that shells set themselves: they are set last, or unset. */
const SET_BY_SHELLS = ['PWD', 'OLDPWD', 'SHLVL', '_']
/** Variables that a shell would be changed by, or does not let go of. */
const KEPT_BY_SHELLS = /^(?:IFS|LINENO|OPTIND|PPID|E?UID|ENV|BASH.*|SHELLOPTS)$/

/**
 * Has a shell become the program, with the same words and variables.
 *
 * @param passes - whether a value can be handed over as it is; others are encoded on the way, in ASCII.
 * @param first - what the shell does before; nothing of a request.
 * @throws {CgiError} CGI_ERR_ENVIRONMENT
 */
export function throughShell(
  { command, environment }: Invocation,
  passes: (value: string) => boolean,
  first = '',
): Invocation {
  const variables: Record<string, string> = {}
  const encoded: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_]\w*$/.test(name) || KEPT_BY_SHELLS.test(name)) {
      const reason = `a shell, which starts this script, cannot pass the variable ${name} on`
      throw new CgiError('CGI_ERR_ENVIRONMENT', { reason })
    }
    if (SET_BY_SHELLS.includes(name) || !passes(value)) {
      encoded.push(name)
      variables[ENCODED + name] = escapeForPrintf(value)
    } else {
      variables[name] = value
    }
  }
  const strays = SET_BY_SHELLS.filter((name) => environment[name] === undefined)
  const unset = strays.length === 0 ? '' : `unset ${strays.join(' ')} 2>/dev/null`
  const script = [first, unset, DECODE_AND_RUN].join('\n')
  const words = command.map((word) => (isAscii(word) ? `t${word}` : `b${escapeForPrintf(word)}`))
  return {
    command: ['/bin/sh', '-c', script, SHELL_NAME, ...encoded, '--', ...words],
    environment: variables,
  }
}

function escapeForPrintf(word: string): string {
  return word.replace(
    /[^A-Za-z0-9_= ]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}
