/** How often the remains of a group are looked at, in milliseconds. */
const LOOK_EVERY = 50

/**
 * Groups that may have a process left. Not a Set: V8 keeps a table that has been replaced, and all that
 * was in it, until a full collection.
 */
const groups: ProcessGroup[] = []
let isWatching = false

/**
 * Kills what is still running when the host exits, so that none is left an orphan. There is no later
 * any more in which to see whether it would stop when asked to.
 */
function killAll(): void {
  for (const group of groups) group.kill()
}

/** Sends a signal, or, by 0, looks who would get one. */
export type SendSignal = (signal: NodeJS.Signals | 0) => boolean

/** A script and the children it has, which have its pid as the number of their process group. */
export class ProcessGroup {
  readonly #signal: SendSignal
  /** Set once the group is to end; resolves when it has. */
  #termination: Promise<void> | undefined
  #hasLeader = true
  #isOver = false

  /**
   * @param signal - sends a signal to every process of the group; false where there is none left.
   * @param exit - resolves when the leader has ended and is reaped.
   */
  constructor(signal: SendSignal, exit: Promise<unknown>) {
    this.#signal = signal
    if (!isWatching) process.on('exit', killAll)
    isWatching = true
    groups.push(this)
    void exit.then(() => {
      this.#hasLeader = false
      if (this.#termination !== undefined) return
      // A leader that ends by itself may leave children on purpose: a host that exits lets them be.
      this.#forget()
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
    if (!this.#hasLeader) groups.push(this)
    this.#signal('SIGTERM')
    return new Promise((resolve) => {
      const finish = (): void => {
        clearInterval(look)
        clearTimeout(timer)
        this.#isOver = true
        this.#forget()
        resolve()
      }
      // The end of children that are not our own makes no event.
      const look = setInterval(() => {
        if (!this.#hasLeader && !this.#signal(0)) finish()
      }, LOOK_EVERY)
      const timer = setTimeout(() => {
        this.#signal('SIGKILL')
        finish()
      }, killTimeout)
    })
  }

  #forget(): void {
    const index = groups.indexOf(this)
    if (index !== -1) groups.splice(index, 1)
  }
}
