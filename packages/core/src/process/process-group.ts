/** How often the remains of a group are looked at, in milliseconds. */
const LOOK_EVERY = 50

/** Groups that may have a process left. */
const groups = new Set<ProcessGroup>()

/**
 * Kills what is still running when the host exits, so that none is left an orphan. There is no later
 * any more in which to see whether it would stop when asked to.
 */
function killAll(): void {
  for (const group of groups) group.kill()
}

/** A script and the children it has, which have its pid as the number of their process group. */
export class ProcessGroup {
  readonly #id: number
  /** Set once the group is to end; resolves when it has. */
  #termination: Promise<void> | undefined
  #hasLeader = true
  #isOver = false

  /** @param exit - resolves when the leader has ended and is reaped. */
  constructor(id: number, exit: Promise<unknown>) {
    this.#id = id
    if (groups.size === 0) process.on('exit', killAll)
    groups.add(this)
    void exit.then(() => {
      this.#hasLeader = false
      if (this.#termination !== undefined) return
      // A leader that ends by itself may leave children on purpose: a host that exits lets them be.
      this.#forget()
      // The number of a group that has no process may soon be that of another.
      this.#isOver = !signalGroup(this.#id, 0)
    })
  }

  /**
   * Asks the group to end: SIGTERM to all of it, and SIGKILL to what is left of it after `killTimeout`
   * milliseconds, be it the leader or a child that the leader left behind. Resolves when none is left.
   */
  terminate(killTimeout: number): Promise<void> {
    if (!this.#hasLeader && !signalGroup(this.#id, 0)) this.#isOver = true
    if (this.#isOver) return Promise.resolve()
    this.#termination ??= this.#terminate(killTimeout)
    return this.#termination
  }

  /** Ends the group at once. */
  kill(): void {
    if (!this.#isOver) signalGroup(this.#id, 'SIGKILL')
  }

  #terminate(killTimeout: number): Promise<void> {
    signalGroup(this.#id, 'SIGTERM')
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
        if (!this.#hasLeader && !signalGroup(this.#id, 0)) finish()
      }, LOOK_EVERY)
      const timer = setTimeout(() => {
        signalGroup(this.#id, 'SIGKILL')
        finish()
      }, killTimeout)
    })
  }

  #forget(): void {
    groups.delete(this)
    if (groups.size === 0) process.off('exit', killAll)
  }
}

/** Sends a signal to every process of a group. False where there is none left. */
function signalGroup(id: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-id, signal)
    return true
  } catch {
    return false
  }
}
