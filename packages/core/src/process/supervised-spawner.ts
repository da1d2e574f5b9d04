import type { Spawner, SupervisedSpawner } from '../transport/spawner.js'
import { ProcessGroup } from './process-group.js'

/** @param isGuarded - whether the processes end also where SIGKILL ends this one. */
export function superviseSpawner(spawner: Spawner, isGuarded = false): SupervisedSpawner {
  return {
    async spawn(options) {
      const started = await spawner.spawn(options)
      const { pid, stdin, stdout, stderr, exit, signalGroup, isWarm, plainReason } = started
      const group = new ProcessGroup(pid, signalGroup, exit, isGuarded)
      const terminate = (killTimeout: number): Promise<void> => group.terminate(killTimeout)
      const unref = (): void => started.unref?.()
      return {
        pid,
        stdin,
        stdout,
        stderr,
        exit,
        signalGroup,
        isWarm,
        plainReason,
        terminate,
        unref,
      }
    },
  }
}
