import { CgiError } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { attempt } from './attempt.js'
import { releaseRefused } from './refused-streams.js'
import type { ScriptProcess, Spawner } from './spawner.js'
import { UNKNOWN_EXIT } from './guarded-streams.js'

/**
 * Contains the faults of a spawner of the application where {@link GuardedTransport} cannot: in timers, and
 * at the end of a process.
 */
export function guardSpawner(spawner: Spawner): Spawner {
  return {
    async spawn(options) {
      let started: ScriptProcess | undefined
      try {
        started = await spawner.spawn(options)
        return guard(started)
      } catch (cause) {
        releaseRefused(started)
        if (cause instanceof CgiError) throw cause
        throw new CgiError('CGI_ERR_SPAWN', {
          reason: `the spawner failed: ${describeThrown(cause)}`,
          cause,
        })
      }
    },
    stats() {
      try {
        return spawner.stats?.()
      } catch {
        return undefined
      }
    },
    async close() {
      await spawner.close?.()
    },
  }
}

/** @throws {TypeError} for a pid that cannot be a process group. */
function guard(started: ScriptProcess): ScriptProcess {
  const { pid, stdin, stdout, stderr, isWarm, plainReason } = started
  // First: without a handler, a rejection of `exit` ends this process.
  const exit = Promise.resolve(started.exit).catch(() => UNKNOWN_EXIT)
  // kill(2): 0 is the group of this process, and -1 every process that it may signal.
  if (!Number.isInteger(pid) || pid <= 1)
    throw new TypeError(`${pid} is not the pid of a process group`)
  return {
    pid,
    stdin,
    stdout,
    stderr,
    exit,
    isWarm: isWarm === true,
    plainReason: typeof plainReason === 'string' ? plainReason : undefined,
    signalGroup(signal) {
      let isThere = false
      attempt(
        () => {
          const answer: unknown = started.signalGroup(signal)
          isThere = Boolean(answer)
          return answer
        },
        () => {},
      )
      return isThere
    },
  }
}
