import { dependants, type Dependant } from './dependants.js'
import { hasOnlyZombies } from './zombies.js'
import type { SendSignal } from '../transport/spawner.js'

/** How often the remains of a group are looked at, in milliseconds. */
const LOOK_EVERY = 50

/** A script and the children it has, which have its pid as the number of their process group. */
export class ProcessGroup implements Dependant {
  readonly pid: number
  readonly #signal: SendSignal
  /** Set once the group is to end; resolves when it has. */
  #termination: Promise<void> | undefined
  #hasLeader = true
  #isOver = false

  /**
   * @param pid - its leader.
   * @param signal - sends a signal to every process of the group; false where there is none left.
   * @param exit - resolves when the leader has ended and is reaped.
   */
  constructor(pid: number, signal: SendSignal, exit: Promise<unknown>) {
    this.pid = pid
    this.#signal = signal
    // So that none is left an orphan. There is no time then to see whether it would stop when asked to.
    dependants.add(this)
    void exit.then(() => {
      this.#hasLeader = false
      if (this.#termination !== undefined) return
      // A leader that ends by itself may leave children on purpose: a host that exits lets them be.
      dependants.remove(this)
      // The number of a group that has no process may soon be that of another.
      this.#isOver = !this.#signal(0)
    })
  }

  /**
   * Asks the group to end: SIGTERM to all of it, and SIGKILL to what is left of it after `killTimeout`
   * milliseconds, be it the leader or a child that the leader left behind. Resolves when none is left.
   */
  terminate(killTimeout: number): Promise<void> {
    if (!this.#hasLeader && !this.#signal(0)) this.#isOver = true
    if (this.#isOver) return Promise.resolve()
    this.#termination ??= this.#terminate(killTimeout)
    return this.#termination
  }

  /** Ends the group at once. */
  kill(): void {
    if (!this.#isOver) this.#signal('SIGKILL')
  }

  #terminate(killTimeout: number): Promise<void> {
    // What a leader has left behind was let be until now.
    if (!this.#hasLeader) dependants.add(this)
    this.#signal('SIGTERM')
    return new Promise((resolve) => {
      const finish = (): void => {
        clearInterval(look)
        clearTimeout(timer)
        this.#isOver = true
        dependants.remove(this)
        resolve()
      }
      const kill = (): void => {
        this.#signal('SIGKILL')
        finish()
      }
      // The end of children that are not our own makes no event.
      const look = setInterval(() => {
        if (this.#hasLeader) return
        if (!this.#signal(0)) finish()
        // SIGKILL is for a member that /proc does not show: proc(5), hidepid.
        else if (hasOnlyZombies(this.pid)) kill()
      }, LOOK_EVERY)
      const timer = setTimeout(kill, killTimeout)
    })
  }
}
