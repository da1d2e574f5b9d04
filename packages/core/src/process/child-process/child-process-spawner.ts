import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { fromByteString } from '../../data/byte-string.js'
import type { Command, ScriptExit } from '../../transport/transport.js'
import { CgiError } from '../../data/cgi-error.js'
import { toOutput } from '../../transport/output.js'
import { toSystemError } from '../../data/system-error.js'
import { checkAccess, checkFormat, describeProgram } from '../program.js'
import { throughShell } from './shell.js'
import type { ScriptProcess, Spawner, SpawnOptions } from '../../transport/spawner.js'

/** Starts processes with `node:child_process`. Works everywhere; slow where the host is large. */
export class ChildProcessSpawner implements Spawner {
  async spawn(options: SpawnOptions): Promise<ScriptProcess> {
    const { stdin } = options
    const [program] = options.command
    let child: ChildProcess
    try {
      checkDescriptors()
      checkFormat(program)
      const { command, env } = toText(options) ?? encoded(options)
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
    const signalGroup = (signal: NodeJS.Signals | 0): boolean => sendSignal(-pid, signal)
    return {
      pid,
      stdin: child.stdin,
      stdout: toOutput(stdout),
      stderr: toOutput(stderr),
      exit,
      signalGroup,
    }
  }
}

function sendSignal(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal)
    return true
  } catch {
    // ESRCH: there is nobody.
    return false
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

/** What is started: words and variables as the text that Node takes. */
interface Words {
  readonly command: Command
  readonly env: Record<string, string>
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
 * What is not UTF-8 (a header in Latin-1) would arrive damaged. So a shell decodes it from ASCII
 * before it becomes the program. What keeps a program from starting is looked for here, where it can
 * still be told.
 */
function encoded(options: SpawnOptions): Words {
  checkAccess(options.command[0])
  const { command, environment } = throughShell(options)
  return { command, env: { ...environment } }
}
