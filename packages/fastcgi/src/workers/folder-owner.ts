import { readFileSync } from 'node:fs'

/** Fields of proc_pid_stat(5) behind the name of the program: the state is the first, the start time the twentieth. */
const START_TIME = 19

/**
 * A name of this process that no later process has: its pid and, where /proc shows it, its start time. Without a start
 * time, a later process that gets the same pid is taken for it.
 */
export function nameOwner(): string {
  const start = startTimeOf(process.pid)
  return start === undefined ? `${process.pid}` : `${process.pid}.${start}`
}

/** Whether the process of a name runs. */
export function isOwnerRunning(owner: string): boolean {
  const [pid, start] = owner.split('.')
  if (start !== undefined) return startTimeOf(Number(pid)) === start
  try {
    process.kill(Number(pid), 0)
    return true
  } catch (error) {
    // EPERM: it runs as another user.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

/** In ticks since the system was started; undefined where there is no such process, or no /proc. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // The name of the program may contain blanks and parentheses.
    return text.slice(text.lastIndexOf(')') + 2).split(' ')[START_TIME]
  } catch {
    return undefined
  }
}
