import { dependants, type Dependant } from './dependants.js'
import { hasOnlyZombies } from './zombies.js'
import type { SendSignal } from '../transport/spawner.js'

/** How often a group that is terminating is checked, in milliseconds. */
const CHECK_INTERVAL = 50

/** A process that was started, which leads the group, and its children. */
export class ProcessGroup implements Dependant {
  readonly pid: number
  readonly isGuarded: boolean
  readonly #signal: SendSignal
  /** Set by {@link ProcessGroup.terminate}; resolves when no process is left. */
  #termination: Promise<void> | undefined
  #hasLeader = true
  #isOver = false

  /**
   * @param pid - the pid of the leader, which is the id of the group.
   * @param signal - sends a signal to every process of the group; returns false if none is left.
   * @param exit - resolves when the leader has exited and is reaped.
   * @param isGuarded - whether it ends also where SIGKILL ends this process.
   */
  constructor(pid: number, signal: SendSignal, exit: Promise<unknown>, isGuarded = false) {
    this.pid = pid
    this.isGuarded = isGuarded
    this.#signal = signal
    // An exiting application kills the group: it cannot wait for SIGTERM to take effect.
    dependants.add(this)
    void exit.then(() => {
      this.#hasLeader = false
      if (this.#termination !== undefined) return
      // A leader that exits by itself may leave children on purpose: they outlive the application.
      dependants.remove(this)
      // The id of an empty group may soon belong to another.
      this.#isOver = !this.#signal(0)
    })
  }

  /**
   * Sends SIGTERM to the group, and SIGKILL to the processes that are left after `killTimeout` milliseconds: the
   * leader, or children that it left behind. Resolves when no process is left.
   */
  terminate(killTimeout: number): Promise<void> {
    if (!this.#hasLeader && !this.#signal(0)) this.#isOver = true
    if (this.#isOver) return Promise.resolve()
    this.#termination ??= this.#terminate(killTimeout)
    return this.#termination
  }

  /** Sends SIGKILL to the group. */
  kill(): void {
    if (!this.#isOver) this.#signal('SIGKILL')
  }

  #terminate(killTimeout: number): Promise<void> {
    // The exit of the leader has removed the group.
    if (!this.#hasLeader) dependants.add(this)
    this.#signal('SIGTERM')
    return new Promise((resolve) => {
      const finish = (): void => {
        clearInterval(interval)
        clearTimeout(timer)
        this.#isOver = true
        dependants.remove(this)
        resolve()
      }
      const kill = (): void => {
        this.#signal('SIGKILL')
        finish()
      }
      // No event reports the end of the leader's children.
      const interval = setInterval(() => {
        if (this.#hasLeader) return
        if (!this.#signal(0)) finish()
        // SIGKILL reaches a process that /proc does not show: proc(5), hidepid.
        else if (hasOnlyZombies(this.pid)) kill()
      }, CHECK_INTERVAL)
      const timer = setTimeout(kill, killTimeout)
    })
  }
}
