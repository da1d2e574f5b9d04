import { badArgument } from './command-error.js'
import { SHOWN_FLAGS } from './flags.js'

/** The values that a flag can have, where these are few. */
const VALUES: Readonly<Record<string, string>> = {
  'watch-errors': 'on off local',
  log: 'text json',
  completion: 'bash zsh fish',
}

/** Flags whose value is a path, or begins with one. */
const IS_PATH = /^(FOLDER|FILE|SCRIPT)$/

const SHELLS: Readonly<Record<string, () => string>> = { bash, zsh, fish }

/** The completion script of a shell. @throws {CommandError} for any other. */
export function writeCompletion(shell: string): string {
  const write = Object.hasOwn(SHELLS, shell) ? SHELLS[shell] : undefined
  if (write === undefined) {
    throw badArgument(`--completion must be 'bash', 'zsh' or 'fish', but got '${shell}'`)
  }
  return write()
}

function bash(): string {
  const choices = Object.entries(VALUES)
    .map(([name, values]) => {
      return `    --${name}) COMPREPLY=($(compgen -W '${values}' -- "$2")); return ;;\n`
    })
    .join('')
  const flags = SHOWN_FLAGS.map(([name]) => `--${name}`).join(' ')
  return `# source <(common-gateway --completion bash)
_common_gateway() {
  COMPREPLY=()
  case $3 in
${choices}  esac
  case $2 in
    -*) COMPREPLY=($(compgen -W '${flags}' -- "$2")) ;;
  esac
}
# Names of files come from readline, which quotes them.
complete -o default -F _common_gateway common-gateway
`
}

function zsh(): string {
  const lines = SHOWN_FLAGS.map(([name, { short, value, isRepeatable, about }]) => {
    const text = about.replace(/[[\]:\\']/g, (character) => {
      return character === "'" ? String.raw`'\''` : `\\${character}`
    })
    const choices = VALUES[name]
    const action =
      choices === undefined ? (IS_PATH.test(value ?? '') ? '_files' : '') : `(${choices})`
    const tail = value === undefined ? '' : `:${value}:${action}`
    const star = isRepeatable === true ? '*' : ''
    const long = `'${star}--${name}[${text}]${tail}'`
    return short === undefined ? long : `${long} '-${short}[${text}]${tail}'`
  })
  return `#compdef common-gateway
# source <(common-gateway --completion zsh), after compinit; or a file _common-gateway in a folder of fpath
_common_gateway() {
  _arguments \\
    ${lines.join(' \\\n    ')} \\
    '*:folder or port:_files'
}
# By fpath, this file is the function that completes.
if [[ $zsh_eval_context[-1] == (loadautofunc|shfunc) ]]; then
  _common_gateway "$@"
else
  compdef _common_gateway common-gateway
fi
`
}

function fish(): string {
  const lines = SHOWN_FLAGS.map(([name, { short, value, about }]) => {
    const choices = VALUES[name]
    const parts = [
      `complete -c common-gateway -l ${name}`,
      short === undefined ? '' : `-s ${short}`,
      choices === undefined ? (value === undefined ? '' : '-r') : `-x -a '${choices}'`,
      `-d '${about.replaceAll("'", String.raw`\'`)}'`,
    ]
    return parts.filter((part) => part !== '').join(' ')
  })
  return `# common-gateway --completion fish | source\n${lines.join('\n')}\n`
}
