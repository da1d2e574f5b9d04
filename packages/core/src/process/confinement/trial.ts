import { spawnSync } from 'node:child_process'
import { toReadableText } from '../../data/byte-string.js'
import { findProgram } from '../../options/program-search.js'
import type { Invocation } from '../child-process/shell.js'

/** What the kernel says of a process: `'Max open files' -> '64 64'`, `'Umask' -> '0027'`. */
export type KernelReport = ReadonlyMap<string, string>

/** How long a trial may take, in milliseconds. */
const PATIENCE = 10_000

/**
 * Runs a program that is confined as scripts will be, and asks the kernel what has become of it. Without
 * an answer: the reason, as text.
 */
export function tryConfinement(
  confine: (invocation: Invocation) => Invocation,
): KernelReport | string {
  const cat = findProgram('cat')
  if (cat === undefined) return 'there is no `cat` in PATH to try it with'
  const files = ['limits', 'status', 'stat'].map((name) => `/proc/self/${name}`)
  const { command, environment } = confine({ command: [cat, ...files], environment: {} })
  const [program, ...args] = command.map(toReadableText)
  const { error, status, signal, stdout, stderr } = spawnSync(program ?? cat, args, {
    // Nothing of the host's: it may be somebody else who runs it.
    cwd: '/',
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'latin1',
    timeout: PATIENCE,
    killSignal: 'SIGKILL',
  })
  if (error !== undefined) return error.message
  if (status === 0 && stderr === '') return parse(stdout)
  return stderr.trim() || `it ended with ${signal ?? `exit code ${status}`}`
}

function parse(text: string): KernelReport {
  const report = new Map<string, string>()
  for (const line of text.split('\n')) {
    const [, limit, soft, hard] = /^(Max [a-z ]+?) {2,}(\S+) +(\S+)/.exec(line) ?? []
    if (limit !== undefined) report.set(limit, `${soft} ${hard}`)
    const [, name, value = ''] = /^(\w+):\s*(.*)$/.exec(line) ?? []
    if (name !== undefined) report.set(name, value.trim().replace(/\s+/g, ' '))
    // The 19th field of proc_pid_stat(5); the second, the name of `cat`, has no blank.
    if (/^\d+ \(/.test(line)) report.set('Niceness', line.split(' ')[18] ?? '')
  }
  return report
}
