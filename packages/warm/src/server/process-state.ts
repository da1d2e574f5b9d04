import { readWaitStatus, type ScriptExit } from '@common-gateway/core/transport'
import { readFileSync, statSync } from 'node:fs'

/** What the kernel knows about a process. */
export interface ProcessState {
  /** Whether it has ended, and its parent has not waited for it. */
  readonly isZombie: boolean
  /** How a zombie has ended; undefined where this process may not know it. */
  readonly exit: ScriptExit | undefined
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
  // While other threads run on, the first one, which is the process here, is a zombie, too.
  const isZombie = (state === 'Z' || state === 'X') && Number(fields[17]) <= 1
  const exit = isZombie ? readExit(pid, Number(fields[49])) : undefined
  return { isZombie, exit, startTime: fields[19] ?? '' }
}

/** @param status - 0 also for a process of another user, without CAP_SYS_PTRACE (`PTRACE_MODE_READ`). */
function readExit(pid: number, status: number): ScriptExit | undefined {
  if (status !== 0) return readWaitStatus(status)
  try {
    const { uid } = statSync(`/proc/${pid}`)
    return uid === process.geteuid?.() ? readWaitStatus(0) : undefined
  } catch {
    return undefined
  }
}
