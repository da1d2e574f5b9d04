import { spawnSync } from 'node:child_process'
import { toReadableText } from '../../data/byte-string.js'
import { findProgram } from '../../options/program-search.js'
import type { Command } from '../../transport/transport.js'

/** Entries of /proc/self: `'Max open files' -> '64 64'`, `'Niceness' -> '5'`. */
export type KernelReport = ReadonlyMap<string, string>

/** In milliseconds. */
const TRIAL_TIMEOUT = 10_000

/**
 * Runs cat(1) with the confinement of scripts, on the files of /proc that describe cat itself. Returns their
 * entries, or the reason why the confinement fails, as text.
 */
export function tryConfinement(confine: (command: Command) => Command): KernelReport | string {
  const cat = findProgram('cat')
  if (cat === undefined) return 'there is no `cat` in PATH to test it with'
  const files = ['limits', 'status', 'stat'].map((name) => `/proc/self/${name}`)
  const [program, ...args] = confine([cat, ...files]).map(toReadableText)
  const { error, status, signal, stdout, stderr } = spawnSync(program ?? cat, args, {
    // The user of the script need not have access to this process's folder, or see its environment.
    cwd: '/',
    env: {},
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'latin1',
    timeout: TRIAL_TIMEOUT,
    killSignal: 'SIGKILL',
  })
  if (error !== undefined) return error.message
  if (status === 0 && stderr === '') return parse(stdout)
  return stderr.trim() || `the trial ended with ${signal ?? `exit code ${status}`}`
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
