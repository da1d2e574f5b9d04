import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import process from 'node:process'

/**
 * Processes that threads of this one have begun to start, and that have not loaded their program yet: they
 * still have the host's own. posix_spawn(3) tells no pid before it returns, and does not while a file system
 * hangs. Linux only; elsewhere none.
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

/** The program that a process runs, and its arguments. */
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
