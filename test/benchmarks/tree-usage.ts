import { readdirSync, readFileSync } from 'node:fs'
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

/** What the processes of a server, its scripts and their interpreters use while something is done. */
export async function takeTreeUsage<T>(
  { pids }: Pick<RunningServer, 'pids'>,
  work: () => Promise<T>,
): Promise<TreeUsage & { readonly result: T }> {
  const before = readTreeUsage(pids)
  const result = await work()
  const after = readTreeUsage(pids)
  return {
    result,
    processorTime: after.processorTime - before.processorTime,
    pageFaults: after.pageFaults - before.pageFaults,
  }
}

function readTreeUsage(pids: readonly number[]): TreeUsage {
  const all = new Map(
    readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(readStat),
  )
  const tree = pids.map(String)
  for (const pid of tree) {
    for (const [child, fields] of all) if (fields[1] === pid) tree.push(child)
  }
  // proc_pid_stat(5): minflt and cminflt, utime, stime, cutime and cstime. A parent has those of a child that has ended.
  const sum = (...positions: readonly number[]): number =>
    tree.reduce(
      (total, pid) =>
        total + positions.reduce((own, at) => own + Number(all.get(pid)?.[at] ?? 0), 0),
      0,
    )
  return { pageFaults: sum(7, 8), processorTime: (sum(11, 12, 13, 14) * 1e6) / TICKS_PER_SECOND }
}

/** The fields after the name of the program, which is in parentheses and may contain some. */
function readStat(pid: string): readonly [pid: string, fields: readonly string[]] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return [pid, stat.slice(stat.lastIndexOf(')') + 2).split(' ')]
  } catch {
    // It has ended meanwhile.
    return [pid, []]
  }
}
