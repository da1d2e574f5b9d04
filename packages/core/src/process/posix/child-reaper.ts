import { AsyncResource } from 'node:async_hooks'
import { ArraySet } from '../../data/array-set.js'
import type { ScriptExit } from '../../transport/transport.js'
import { readWaitStatus } from '../wait-status.js'
import type { CLibrary } from './c-library.js'

const P_ALL = 0
const WNOHANG = 1

/** How often the children are checked although no signal reports an exit, in milliseconds. */
const CHECK_INTERVAL = 1_000
/**
 * The same where signals do not arrive. After process.removeAllListeners() Node.js starts no signal handle any
 * more, because it starts them in its own listener for 'newListener': to listen again does not help. Checks
 * once a second would keep the slot of each script for a second. At 5 ms an exit is noticed after 5.5 ms at
 * the median, rather than 2.1, for 3 % of a processor while scripts run.
 */
const CHECK_INTERVAL_WITHOUT_SIGNALS = 5

interface Child {
  readonly pid: number
  readonly callback: (exit: ScriptExit) => void
  /** Whether it keeps the event loop alive. */
  isReferenced: boolean
}

/**
 * Reaps child processes when SIGCHLD reports that one has ended, without a thread. It waits only for the
 * children that it expects: the application may have children of its own.
 */
export class ChildReaper {
  readonly #library: CLibrary
  readonly #children = new ArraySet<Child>()
  /** A siginfo_t of waitid(2). */
  readonly #information = new Int32Array(32)
  readonly #status = new Int32Array(1)
  /** Whether waitid reported a child that is not tracked: the application's, or one not yet expected. */
  #sawUntrackedChild = false
  /** Created outside any request, so that the shared timer retains no request's async context. */
  readonly #scope = new AsyncResource('CommonGatewayReaper')
  /** False once a check has found an exit that no signal had reported. */
  #doSignalsArrive = true
  #timer: NodeJS.Timeout | undefined

  constructor(library: CLibrary) {
    this.#library = library
    // This listener does not keep the event loop alive.
    process.on('SIGCHLD', () => {
      this.#doSignalsArrive = true
      this.#reap()
    })
  }

  /** Calls back, once, when the child has ended and is reaped. */
  expect(pid: number, callback: (exit: ScriptExit) => void): void {
    this.#children.add({ pid, callback, isReferenced: true })
    if (this.#timer === undefined) this.#startTimer()
    else this.#timer.ref()
    if (!this.#sawUntrackedChild) return
    this.#sawUntrackedChild = false
    this.#reap()
  }

  /** Lets the event loop end although the child runs. */
  unref(pid: number): void {
    const child = this.#children.members.find((candidate) => candidate.pid === pid)
    if (child === undefined) return
    child.isReferenced = false
    this.#referTimer()
  }

  /** Asks the kernel which children have ended, one after the other, however many are running. */
  #reap(): void {
    const { waitid } = this.#library.layout
    if (waitid === undefined) {
      this.#reapTracked()
      // The child that has ended may be one that is not yet expected.
      this.#sawUntrackedChild = true
      return
    }
    for (;;) {
      this.#information[waitid.pidIndex] = 0
      const result = this.#library.waitid(P_ALL, 0, this.#information, waitid.options)
      const pid = this.#information[waitid.pidIndex] ?? 0
      // ECHILD: there are no children, or other code of this process has waited for ours.
      if (result !== 0) this.#reapTracked()
      if (result !== 0 || pid === 0) return
      if (!this.#reapChild(pid)) {
        // waitid reports this child again and again, and none of those behind it, until its owner reaps it.
        this.#sawUntrackedChild = true
        this.#reapTracked()
        return
      }
    }
  }

  #reapTracked(): void {
    // Callbacks add and remove children.
    const pids = this.#children.members.map(({ pid }) => pid)
    for (const pid of pids) this.#reapChild(pid)
  }

  /** Returns whether the child is tracked and has ended. */
  #reapChild(pid: number): boolean {
    const child = this.#children.members.find((candidate) => candidate.pid === pid)
    if (child === undefined) return false
    const result = this.#library.waitpid(pid, this.#status, WNOHANG)
    if (result === 0) return false
    // ECHILD: other code has waited for all children of this process, and has taken the exit status.
    const exit =
      result === pid ? readWaitStatus(this.#status[0] ?? 0) : { exitCode: null, signal: null }
    this.#children.delete(child)
    if (this.#children.size === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    if (this.#timer !== undefined && child.isReferenced) this.#referTimer()
    child.callback(exit)
    return true
  }

  #check(): void {
    const before = this.#children.size
    this.#reap()
    if (this.#children.size < before) this.#doSignalsArrive = false
    if (this.#children.size > 0) this.#startTimer()
  }

  /** The timer keeps the event loop alive while children run, but for those that wait for work. */
  #startTimer(): void {
    clearTimeout(this.#timer)
    const delay = this.#doSignalsArrive ? CHECK_INTERVAL : CHECK_INTERVAL_WITHOUT_SIGNALS
    this.#timer = this.#scope.runInAsyncScope(setTimeout, null, () => this.#check(), delay)
    this.#referTimer()
  }

  #referTimer(): void {
    const isReferenced = this.#children.members.some((child) => child.isReferenced)
    if (isReferenced) this.#timer?.ref()
    else this.#timer?.unref()
  }
}
