import { spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { cpus, release, totalmem, type } from 'node:os'
import { findWrk } from './wrk.js'

/** What the figures depend on, apart from the other servers. */
export type Machine = Readonly<Record<string, string>>

/** The first line that a program prints of itself. */
function tell(program: string, ...args: readonly string[]): string {
  const { stdout } = spawnSync(program, args, { encoding: 'utf8' })
  return (stdout ?? '').split('\n')[0]?.trim() || 'not installed'
}

export function describeMachine(compiler: string): Machine {
  const [first] = cpus()
  return {
    processor: `${cpus().length} cores, ${first?.model.trim() ?? 'unknown'}`,
    memory: `${Math.round(totalmem() / 1024 ** 3)} GiB`,
    // Its major and minor version; what comes after it is the distribution's, or the machine's, own.
    kernel: `${type()} ${release().split('.', 2).join('.')}`,
    'transparent huge pages': hugePages(),
    'Node.js': process.version,
    compiler: tell(compiler, '--version'),
    shell: realpathSync('/bin/sh'),
    Perl: tell('/usr/bin/perl', '-e', 'print $^V'),
    Python: tell('/usr/bin/python3', '--version'),
    client: tell(findWrk() ?? 'wrk', '-v').replace(/ \[.*/, ''),
  }
}

/** Which code is measured: the hash of git's tree of `packages`. */
export function describeTree(): string {
  return tell('git', 'rev-parse', '--short', 'HEAD:packages')
}

/** They make the tables that a fork has to copy smaller. */
function hugePages(): string {
  try {
    const text = readFileSync('/sys/kernel/mm/transparent_hugepage/enabled', 'utf8')
    return /\[(\w+)\]/.exec(text)?.[1] ?? 'unknown'
  } catch {
    return 'unknown'
  }
}
