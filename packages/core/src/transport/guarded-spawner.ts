import { CgiError } from '../data/cgi-error.js'
import { describeThrown } from '../data/thrown.js'
import { attempt } from './attempt.js'
import { releaseRefused } from './refused-streams.js'
import type { ScriptProcess, Spawner } from './spawner.js'
import { UNKNOWN } from './guarded-transport.js'

/**
 * Contains the faults of a spawner that the application has given, where {@link GuardedTransport} cannot:
 * in timers and at the end of a process.
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
  }
}

/** @throws {TypeError} where the process group is no group. */
function guard(started: ScriptProcess): ScriptProcess {
  const { pid, stdin, stdout, stderr } = started
  // First: without a handler, an end that rejects is an unhandled rejection, which ends this process.
  const exit = Promise.resolve(started.exit).catch(() => UNKNOWN)
  // 0 and 1 would be the group of this process, and every process that it may signal (kill(2)).
  if (!Number.isInteger(pid) || pid <= 1) throw new TypeError(`${pid} is no pid`)
  return {
    pid,
    stdin,
    stdout,
    stderr,
    exit,
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
