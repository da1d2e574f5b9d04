import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, closeSync, constants, openSync } from 'node:fs'
import { fromByteString } from '../byte-string.js'
import type { Command } from '../settings.js'
import type { ScriptExit } from '../transport.js'
import { CgiError } from '../errors.js'
import { toSystemError } from '../system-error.js'
import { describeProgram, readHead } from './program.js'
import type { ScriptProcess, Spawner, SpawnOptions } from './spawner.js'

/** Starts processes with `node:child_process`. Works everywhere; slow where the host is large. */
export class ChildProcessSpawner implements Spawner {
  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const { stdin } = options
    const [program] = options.command
    let child: ChildProcess
    try {
      checkDescriptors()
      checkFormat(program)
      const { command, env } = toText(options) ?? throughShell(options)
      const [file, ...args] = command
      child = spawn(file, args, {
        cwd: options.cwd,
        // Node hands this one of its own on to every child that has none.
        env: { NODE_V8_COVERAGE: undefined, ...env },
        // A session, and so a process group, of its own: it can be stopped with all its children.
        detached: true,
        stdio: [stdin === 'null' ? 'ignore' : stdin, 'pipe', 'pipe'],
        windowsHide: true,
      })
    } catch (error) {
      throw error instanceof CgiError ? error : toSystemError(error, describeProgram(program))
    }
    const { pid, stdout, stderr } = child
    if (pid === undefined || stdout === null || stderr === null) {
      const [error] = await once(child, 'error')
      throw toSystemError(error, describeProgram(program))
    }
    // Without a listener, a signal that cannot be sent would end the host.
    child.on('error', () => {})
    const exit = new Promise<ScriptExit>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
    })
    return { pid, stdin: child.stdin, stdout, stderr, exit }
  }
}

/** As many descriptors as starting a process takes for a while: three pairs, and libuv's own pair. */
const DESCRIPTORS = 8

/** Node loses the descriptors that it has already opened when it runs out of them in the middle. */
function checkDescriptors(): void {
  const descriptors: number[] = []
  try {
    while (descriptors.length < DESCRIPTORS) descriptors.push(openSync('/dev/null', 'r'))
  } finally {
    descriptors.forEach((descriptor) => closeSync(descriptor))
  }
}

/** Begins the names of variables that hold the encoded value of another. */
const ENCODED = 'COMMON_GATEWAY_ENCODED_'

/** What is started: words and variables as the text that Node takes. */
interface Words {
  readonly command: Command
  readonly env: Record<string, string>
}

/**
 * libuv starts programs with execvp(3), which hands a text file without `#!` to /bin/sh. Servers have
 * always refused it instead (ENOEXEC), and so do we: what is no program is not run.
 */
function checkFormat(program: string): void {
  const head = readHead(program)
  if (head === null || head.startsWith('#!') || head.includes('\0')) return
  throw Object.assign(new Error('exec format error'), { code: 'ENOEXEC' })
}

/** The words and variables, which Node encodes as UTF-8; null where one of them is not UTF-8. */
function toText({ command, environment }: SpawnOptions): Words | null {
  const [program = null, ...args] = command.map(fromByteString)
  if (program === null || !args.every((word) => word !== null)) return null
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    const [textName, text] = [fromByteString(name), fromByteString(value)]
    if (textName === null || text === null) return null
    env[textName] = text
  }
  return { command: [program, ...args], env }
}

/**
 * Decodes what Node cannot pass, and becomes the program. First come the names of variables, whose
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
 * What is not UTF-8 (a header in Latin-1) would arrive damaged. So a shell decodes it from ASCII
 * before it becomes the program. What keeps a program from starting is looked for here, where it can
 * still be told.
 */
function throughShell({ command, environment }: SpawnOptions): Words {
  const [program] = command
  accessSync(toBytes(program), constants.X_OK)
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(readHead(program) ?? '') ?? []
  if (interpreter !== undefined) accessSync(toBytes(interpreter), constants.X_OK)

  const env: Record<string, string> = {}
  const encoded: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_]\w*$/.test(name) || KEPT_BY_SHELLS.test(name)) {
      const reason = `a shell, which this request takes, cannot pass the variable ${name} on`
      throw new CgiError('CGI_ERR_ENVIRONMENT', { reason })
    }
    const text = SET_BY_SHELLS.includes(name) ? null : fromByteString(value)
    if (text === null) {
      encoded.push(name)
      env[ENCODED + name] = escapeForPrintf(value)
    } else {
      env[name] = text
    }
  }
  const strays = SET_BY_SHELLS.filter((name) => environment[name] === undefined)
  const script = `unset ${strays.join(' ')} 2>/dev/null\n${DECODE_AND_RUN}`
  const words = command.map((word) => {
    const text = fromByteString(word)
    return text === null ? `b${escapeForPrintf(word)}` : `t${text}`
  })
  return { command: ['/bin/sh', '-c', script, 'sh', ...encoded, '--', ...words], env }
}

function escapeForPrintf(word: string): string {
  return word.replace(
    /[^A-Za-z0-9_= ]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}

function toBytes(byteString: string): Buffer {
  return Buffer.from(byteString, 'latin1')
}
