import { AsyncResource } from 'node:async_hooks'
import { constants } from 'node:os'
import type { ScriptExit } from '../../transport/transport.js'
import type { CLibrary } from './c-library.js'

const P_ALL = 0
const WNOHANG = 1

/** How often children are looked for although no signal says so, in milliseconds. */
const LOOK_EVERY = 1_000
/** And where none ever comes. */
const LOOK_OFTEN = 5

interface Child {
  readonly pid: number
  readonly callback: (exit: ScriptExit) => void
}

/**
 * Learns of the end of children, without a thread, and reaps them: those that it was told to expect, and
 * no others, since the application may have children of its own.
 */
export class ChildReaper {
  readonly #library: CLibrary
  /** Not a Map: V8 keeps a table that has been replaced, and all that was in it, until a full collection. */
  readonly #children: Child[] = []
  readonly #information = new Int32Array(32)
  readonly #status = new Int32Array(1)
  /** Whether a child had ended that nobody expected: somebody else's, or one that just begins. */
  #hasSeenStranger = false
  /** No request's: it would be kept for as long as there are others. */
  readonly #scope = new AsyncResource('CommonGatewayReaper')
  /** Whether signals come: not after process.removeAllListeners(). */
  #hasSignals = true
  #timer: NodeJS.Timeout | undefined

  constructor(library: CLibrary) {
    this.#library = library
    // It does not keep the host from its end.
    process.on('SIGCHLD', () => {
      this.#hasSignals = true
      this.#reap()
    })
  }

  /** Calls back, once, when the child has ended and is reaped. */
  expect(pid: number, callback: (exit: ScriptExit) => void): void {
    this.#children.push({ pid, callback })
    // Beside the signals that might be missed, something must keep the host going until its children have
    // ended.
    if (this.#timer === undefined) this.#lookLater()
    if (!this.#hasSeenStranger) return
    this.#hasSeenStranger = false
    this.#reap()
  }

  /** Asks which child has ended, one after the other, however many are running. */
  #reap(): void {
    const { waitid } = this.#library.layout
    if (waitid === undefined) {
      this.#reapExpected()
      // It may have ended before it was expected.
      this.#hasSeenStranger = true
      return
    }
    for (;;) {
      this.#information[waitid.pidIndex] = 0
      const result = this.#library.waitid(P_ALL, 0, this.#information, waitid.options)
      const pid = this.#information[waitid.pidIndex] ?? 0
      // ECHILD: there are no children, unless somebody else has waited for ours.
      if (result !== 0) this.#reapExpected()
      if (result !== 0 || pid === 0) return
      if (!this.#reapOne(pid)) {
        // It hides those behind it, as it is left to whoever it belongs to.
        this.#hasSeenStranger = true
        this.#reapExpected()
        return
      }
    }
  }

  #reapExpected(): void {
    // The list gets shorter, and longer by what is heard of an end.
    const pids = this.#children.map(({ pid }) => pid)
    for (const pid of pids) this.#reapOne(pid)
  }

  /** Whether this child was expected, and has ended. */
  #reapOne(pid: number): boolean {
    const index = this.#children.findIndex((each) => each.pid === pid)
    const child = this.#children[index]
    if (child === undefined) return false
    const result = this.#library.waitpid(pid, this.#status, WNOHANG)
    if (result === 0) return false
    // ECHILD: somebody has waited for all children, ours among them. How it ended is not to be known.
    const exit = result === pid ? toExit(this.#status[0] ?? 0) : { exitCode: null, signal: null }
    this.#children.splice(index, 1)
    if (this.#children.length === 0) {
      clearTimeout(this.#timer)
      this.#timer = undefined
    }
    child.callback(exit)
    return true
  }

  #look(): void {
    const before = this.#children.length
    this.#reap()
    if (this.#children.length < before) this.#hasSignals = false
    if (this.#children.length > 0) this.#lookLater()
  }

  #lookLater(): void {
    clearTimeout(this.#timer)
    const delay = this.#hasSignals ? LOOK_EVERY : LOOK_OFTEN
    this.#timer = this.#scope.runInAsyncScope(setTimeout, null, () => this.#look(), delay)
  }
}

const SIGNAL_NAMES = new Map(Object.entries(constants.signals).map(([name, each]) => [each, name]))

/** Reads what waitpid(2) says of a process that has ended; the same on Linux and macOS. */
function toExit(status: number): ScriptExit {
  const signal = status & 0x7f
  if (signal === 0) return { exitCode: (status >> 8) & 0xff, signal: null }
  return { exitCode: null, signal: SIGNAL_NAMES.get(signal) ?? `signal ${signal}` }
}
