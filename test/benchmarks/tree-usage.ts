import { readdirSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import type { RunningServer } from '../servers/server.js'

/** What a tree of processes has used, those of its children that have ended included. */
export interface TreeUsage {
  /** Processor time in microseconds. */
  readonly processorTime: number
  /** Page faults without input or output. */
  readonly pageFaults: number
}

/** USER_HZ, in which proc(5) has times. */
const TICKS_PER_SECOND = 100

/**
 * What the processes of a server, its scripts and their interpreters use while something is done. Where a process ignores
 * SIGCHLD, as the daemon of mod_cgid, the kernel forgets what its children have used (getrusage(2)): then it is what the
 * whole system uses, but for this process and its clients, which have ended.
 */
export async function takeTreeUsage<T>(
  { pids }: Pick<RunningServer, 'pids'>,
  work: () => Promise<T>,
): Promise<TreeUsage & { readonly result: T }> {
  const read = readTree(pids).some(ignoresChildren) ? readSystemUsage : () => readTreeUsage(pids)
  const before = read()
  const result = await work()
  const after = read()
  return {
    result,
    processorTime: after.processorTime - before.processorTime,
    pageFaults: after.pageFaults - before.pageFaults,
  }
}

function readTreeUsage(pids: readonly number[]): TreeUsage {
  return sumOf(readTree(pids))
}

/** The processes of the system, but for this one and its children that have ended. */
function readSystemUsage(): TreeUsage {
  const own = sumOf([readStat('self')])
  const [, , user, nice, system] =
    readFileSync('/proc/stat', 'latin1').split('\n', 1)[0]?.split(' ') ?? []
  const [, faults] = /^pgfault (\d+)$/m.exec(readFileSync('/proc/vmstat', 'latin1')) ?? []
  const ticks = Number(user) + Number(nice) + Number(system)
  return {
    processorTime: (ticks * 1e6) / TICKS_PER_SECOND - own.processorTime,
    pageFaults: Number(faults) - own.pageFaults,
  }
}

type ProcessStat = readonly [pid: string, fields: readonly string[]]

/** The processes with these ids, and all below them. */
function readTree(pids: readonly number[]): readonly ProcessStat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(readStat)
  const tree = all.filter(([pid]) => pids.includes(Number(pid)))
  for (const [parent] of tree) tree.push(...all.filter(([, fields]) => fields[1] === parent))
  return tree
}

// proc_pid_stat(5): minflt and cminflt, utime, stime, cutime and cstime. A parent has those of a child that has ended.
function sumOf(processes: readonly ProcessStat[]): TreeUsage {
  const sum = (...positions: readonly number[]): number =>
    processes
      .flatMap(([, fields]) => positions.map((at) => Number(fields[at] ?? 0)))
      .reduce((total, value) => total + value, 0)
  return { pageFaults: sum(7, 8), processorTime: (sum(11, 12, 13, 14) * 1e6) / TICKS_PER_SECOND }
}

const SIGCHLD_MASK = 1n << BigInt(constants.signals.SIGCHLD - 1)

function ignoresChildren([pid]: ProcessStat): boolean {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1')
    const [, ignored = '0'] = /^SigIgn:\t(\w+)$/m.exec(status) ?? []
    return (BigInt(`0x${ignored}`) & SIGCHLD_MASK) !== 0n
  } catch {
    // It has ended meanwhile.
    return false
  }
}

/** The fields after the name of the program, which is in parentheses and may contain some. */
function readStat(pid: string): ProcessStat {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return [pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')]
  } catch {
    // It has ended meanwhile.
    return [pid, []]
  }
}
