import { readFileSync } from 'node:fs'

/** What the kernel knows about a process. */
export interface ProcessState {
  /** Whether it has ended, and its parent has not waited for it. */
  readonly isZombie: boolean
  /** Tells it from a later process with the same pid. */
  readonly startTime: string
}

/** Reads /proc/PID/stat. Undefined: there is no such process. */
export function readProcessState(pid: number): ProcessState | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch {
    return undefined
  }
  // The name of the program, the second field, may contain blanks and parentheses: proc_pid_stat(5).
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  return { isZombie: state === 'Z' || state === 'X', startTime: fields[19] ?? '' }
}
