import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/**
 * The pids of processes that threads of this process are starting and that have not loaded their program yet:
 * they still run this process's program. posix_spawn(3) returns a pid only at its end, and does not return while
 * a file system hangs. Linux only; elsewhere none.
 */
export function findUnfinishedStarts(): number[] {
  const own = describe('self')
  // The main thread's children are the application's.
  const threads = list('/proc/self/task').filter((thread) => thread !== String(process.pid))
  return threads
    .flatMap((thread) => read(`/proc/self/task/${thread}/children`).split(' '))
    .filter((pid) => pid !== '' && own !== '' && describe(pid) === own)
    .map(Number)
}

/** The program of a process and its arguments; empty if it cannot be read. */
function describe(pid: string): string {
  try {
    return `${readlinkSync(`/proc/${pid}/exe`)} ${read(`/proc/${pid}/cmdline`)}`
  } catch {
    return ''
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'latin1')
  } catch {
    return ''
  }
}
