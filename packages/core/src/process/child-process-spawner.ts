import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, closeSync, constants, openSync, readSync } from 'node:fs'
import { fromByteString } from '../byte-string.js'
import type { Command } from '../settings.js'
import type { ScriptExit } from '../transport.js'
import { toSpawnError } from './spawn-error.js'
import type { ScriptProcess, Spawner, SpawnOptions } from './spawner.js'

/** Starts processes with `node:child_process`. Works everywhere; slow where the host is large. */
export class ChildProcessSpawner implements Spawner {
  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const { stdin } = options
    const [program] = options.command
    let child: ChildProcess
    try {
      checkFormat(program)
      const { command, env } = toText(options) ?? throughShell(options)
      const [file, ...args] = command
      child = spawn(file, args, {
        cwd: options.cwd,
        env,
        // A session, and so a process group, of its own: it can be stopped with all its children.
        detached: true,
        stdio: [stdin === 'null' ? 'ignore' : stdin, 'pipe', 'pipe'],
        windowsHide: true,
      })
    } catch (error) {
      throw toSpawnError(error, program)
    }
    const { pid, stdout, stderr } = child
    if (pid === undefined || stdout === null || stderr === null) {
      const [error] = await once(child, 'error', { signal: AbortSignal.timeout(1_000) }).catch(
        (reason: unknown) => [reason],
      )
      throw toSpawnError(error, program)
    }
    // Without a listener, a signal that cannot be sent would end the host.
    child.on('error', () => {})
    const exit = new Promise<ScriptExit>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
    })
    return { pid, stdin: child.stdin, stdout, stderr, exit }
  }
}

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

/** The first bytes of a file; null where it may be run, but not read. */
function readHead(file: string): string | null {
  let descriptor: number
  try {
    descriptor = openSync(toBytes(file), 'r')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EACCES') return null
    throw error
  }
  try {
    const head = Buffer.alloc(256)
    return head.toString('latin1', 0, readSync(descriptor, head, 0, head.length, 0))
  } finally {
    closeSync(descriptor)
  }
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
 * Turns its arguments into the words of env(1): those that begin with `t` are text, those with `b`
 * are to be decoded. The dot keeps newlines at the end, which a substitution would take away.
 */
const DECODE_AND_RUN = `
count=$#
while [ "$count" -gt 0 ]; do
  case $1 in
    b*) word=$(printf '%b.' "\${1#b}"); word=\${word%.} ;;
    *) word=\${1#t} ;;
  esac
  set -- "$@" "$word"; shift; count=$((count - 1))
done
exec /usr/bin/env -i -- "$@"`

/**
 * What is not UTF-8 (a header in Latin-1) would arrive damaged. So a shell decodes it from ASCII, and
 * env(1) starts the program with it: no variable passes through the shell, which would drop some and
 * change others. What keeps a program from starting is looked for here, where it can still be told.
 */
function throughShell({ command, environment }: SpawnOptions): Words {
  const [program] = command
  accessSync(toBytes(program), constants.X_OK)
  const [, interpreter] = /^#![ \t]*([^ \t\n]+)/.exec(readHead(program) ?? '') ?? []
  if (interpreter !== undefined) accessSync(toBytes(interpreter), constants.X_OK)
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  // env(1) takes a path with `=` in it for a variable; nice(1) takes it as it is.
  const start = program.includes('=') ? ['/usr/bin/nice', '-n', '0'] : []
  const words = [...variables, ...start, ...command].map((word) => {
    const text = fromByteString(word)
    return text === null ? `b${escapeForPrintf(word)}` : `t${text}`
  })
  return { command: ['/bin/sh', '-c', DECODE_AND_RUN, 'sh', ...words], env: {} }
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
