import type { ScriptProcess, Spawner, SpawnOptions } from '../transport/spawner.js'
import { ProcessGroup } from './process-group.js'

/** A process that does not outlive this one, nor do the processes that it has started. */
export interface SupervisedProcess extends ScriptProcess {
  /**
   * Sends SIGTERM to the process group, and SIGKILL to the processes that are left after `killTimeout` milliseconds:
   * the process, or children that it has left behind. Resolves when no process is left; never rejects.
   */
  readonly terminate: (killTimeout: number) => Promise<void>
  /** Lets the event loop end although the process runs, which then ends with this one. */
  unref(): void
}

/** Starts processes that end with this one: by a signal, `process.exit()`, or an uncaught exception. */
export interface SupervisedSpawner extends Spawner {
  /** Starts a process. @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; `cause` is the system's error. */
  spawn(options: SpawnOptions): Promise<SupervisedProcess>
}

/** @param isGuarded - whether the processes end also where SIGKILL ends this one. */
export function superviseSpawner(spawner: Spawner, isGuarded = false): SupervisedSpawner {
  return {
    async spawn(options) {
      const started = await spawner.spawn(options)
      const { pid, stdin, stdout, stderr, exit, signalGroup } = started
      const group = new ProcessGroup(pid, signalGroup, exit, isGuarded)
      const terminate = (killTimeout: number): Promise<void> => group.terminate(killTimeout)
      const unref = (): void => started.unref?.()
      return { pid, stdin, stdout, stderr, exit, signalGroup, terminate, unref }
    },
  }
}
