import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { fromByteString } from '../../data/byte-string.js'
import type { Command, ScriptExit } from '../../transport/transport.js'
import { CgiError } from '../../data/cgi-error.js'
import { toOutput } from '../../transport/output.js'
import { toSystemError } from '../../data/system-error.js'
import { checkAccess, checkFormat, describeProgram } from '../program.js'
import { throughShell } from './shell.js'
import type { ScriptProcess, Spawner, SpawnOptions } from '../../transport/spawner.js'

/**
 * Starts processes with `node:child_process`. It works everywhere, but blocks the event loop for longer the more
 * memory the application has: fork(2) copies its page tables.
 */
export class ChildProcessSpawner implements Spawner {
  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const { stdin } = options
    const [program] = options.command
    let child: ChildProcess
    try {
      checkDescriptors()
      checkFormat(program)
      const { command, env } = toText(options) ?? encode(options)
      const [file, ...args] = command
      child = spawn(file, args, {
        cwd: options.cwd,
        // Node.js adds this variable to the environment of a child that does not set it.
        env: { NODE_V8_COVERAGE: undefined, ...env },
        // setsid(2): the process leads its own process group, so that it can be killed with its children.
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
    // Without a listener, a signal that cannot be sent would be an uncaught exception.
    child.on('error', () => {})
    const exit = new Promise<ScriptExit>((resolve) => {
      child.once('exit', (exitCode, signal) => resolve({ exitCode, signal }))
    })
    const signalGroup = (signal: NodeJS.Signals | 0): boolean => sendSignal(-pid, signal)
    return {
      pid,
      stdin: child.stdin,
      stdout: toOutput(stdout),
      stderr: toOutput(stderr),
      exit,
      signalGroup,
      unref: () => {
        child.unref()
        unrefStream(stdout)
        unrefStream(stderr)
      },
    }
  }
}

/** The output of a child is a socket, though its type does not say so. */
function unrefStream(stream: Readable): void {
  if (stream instanceof Socket) stream.unref()
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    // ESRCH: no process is left.
    return false
  }
}

/** How many descriptors a start needs for a moment: three pipes, and libuv's own. */
const NEEDED_DESCRIPTORS = 8

/** Fails before the start if descriptors are short: Node.js leaks those that it has opened when one is missing. */
function checkDescriptors(): void {
  const descriptors: number[] = []
  try {
    while (descriptors.length < NEEDED_DESCRIPTORS) descriptors.push(openSync('/dev/null', 'r'))
  } finally {
    descriptors.forEach((descriptor) => closeSync(descriptor))
  }
}

/** Arguments and variables as text, which Node.js encodes as UTF-8. */
interface TextInvocation {
  readonly command: Command
  readonly env: Record<string, string>
}

/** Null where an argument or a variable is not UTF-8. */
function toText({ command, environment }: SpawnOptions): TextInvocation | null {
  const [program = null, ...args] = command.map(fromByteString)
  if (program === null || !args.every((arg) => arg !== null)) return null
  const env: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    const [textName, text] = [fromByteString(name), fromByteString(value)]
    if (textName === null || text === null) return null
    env[textName] = text
  }
  return { command: [program, ...args], env }
}

/**
 * Encodes bytes that are not UTF-8 (a field value in Latin-1) as ASCII: Node.js would change them. A shell
 * decodes them and then executes the program. Its errno would be lost in the shell, so the program is checked
 * before.
 */
function encode(options: SpawnOptions): TextInvocation {
  checkAccess(options.command[0])
  const { command, environment } = throughShell(options)
  return { command, env: { ...environment } }
}
