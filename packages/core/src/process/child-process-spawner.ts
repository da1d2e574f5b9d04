import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readSync } from 'node:fs'
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
    const { command, env } = withRawVariables(options)
    const [file, ...args] = command
    let child: ChildProcess
    try {
      checkFormat(program)
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

/**
 * libuv starts programs with execvp(3), which hands a text file without `#!` to /bin/sh. Servers have
 * always refused it instead (ENOEXEC), and so do we: what is no program is not run.
 */
function checkFormat(program: string): void {
  const descriptor = openSync(program, 'r')
  try {
    const head = Buffer.alloc(256)
    const length = readSync(descriptor, head, 0, head.length, 0)
    const text = head.toString('latin1', 0, length)
    if (!text.startsWith('#!') && !text.includes('\0')) {
      throw Object.assign(new Error('exec format error'), { code: 'ENOEXEC' })
    }
  } finally {
    closeSync(descriptor)
  }
}

/** Sets variables from arguments that printf decodes, then becomes the program. */
const SET_RAW_VARIABLES = `
count=$1; shift
while [ "$count" -gt 0 ]; do
  value=$(printf '%b.' "$2"); export "$1=\${value%.}"; shift 2; count=$((count - 1))
done
unset count value
exec "$@"`

/**
 * Node gives child processes their variables as UTF-8. A value that is not UTF-8 (a header in Latin-1)
 * would arrive damaged, so a shell sets it, from ASCII, before it becomes the program.
 */
function withRawVariables({ command, environment }: SpawnOptions): {
  command: Command
  env: Record<string, string>
} {
  const env: Record<string, string> = {}
  const raw: string[] = []
  for (const [name, value] of Object.entries(environment)) {
    const text = fromByteString(value)
    if (text === null) raw.push(name, escapeForPrintf(value))
    else env[name] = text
  }
  if (raw.length === 0) return { command, env }
  // The shell would export what it keeps for itself; env(1) takes that away again.
  const strays = ['PWD', 'OLDPWD', 'SHLVL', '_'].filter((name) => environment[name] === undefined)
  const unset = strays.flatMap((name) => ['-u', name])
  const shell = ['-c', SET_RAW_VARIABLES, 'sh', String(raw.length / 2), ...raw]
  return { command: ['/bin/sh', ...shell, '/usr/bin/env', ...unset, ...command], env }
}

function escapeForPrintf(value: string): string {
  return value.replace(
    /[^A-Za-z0-9 ]/g,
    (character) => `\\0${character.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}
