import type { CgiErrorCode } from '../data/cgi-error.js'
import { EXIT_AFTER_OUTPUT_END } from '../data/grace-periods.js'

/** The most that a script can leave in its pipe, in bytes: Linux's pipe-max-size for other users than root. */
const PIPE_SIZE = 1024 * 1024

/** Called when a time limit of so many milliseconds is over. */
export type Expire = (code: CgiErrorCode, milliseconds: number) => void

/** The output of a script that has exited. */
export interface LingeringOutput {
  readonly isPaused: boolean
  readonly isOutputOver: boolean
  /** Bytes that were received. */
  readonly bytesOut: number
  /** Ends the output. */
  end(): void
}

/** The timers of one run. A limit of 0 milliseconds starts no timer. */
export class RunClocks {
  readonly #expire: Expire
  #request: NodeJS.Timeout | undefined
  #idle: NodeJS.Timeout | undefined
  #linger: NodeJS.Timeout | undefined
  #exit: NodeJS.Timeout | undefined

  constructor(expire: Expire) {
    this.#expire = expire
  }

  /** Limits the run. */
  startRequest(milliseconds: number): void {
    this.#request = this.#start(milliseconds, 'CGI_ERR_REQUEST_TIMEOUT')
  }

  /** Limits the time without progress; replaces the limit before it. */
  startIdle(milliseconds: number, code: CgiErrorCode): void {
    clearTimeout(this.#idle)
    this.#idle = this.#start(milliseconds, code)
  }

  /** Restarts the idle timer. */
  touch(): void {
    this.#idle?.refresh()
  }

  /**
   * Ends the output of a script that has exited, since a background child may hold it open. Output that
   * waits for a slow client is the script's own; otherwise it may go on for `milliseconds`.
   */
  startLinger(output: LingeringOutput, milliseconds: number): void {
    const atExit = output.bytesOut
    const timer = setTimeout(() => {
      if (output.isPaused) {
        timer.refresh()
        return
      }
      // One round of the event loop: output that resume() has just asked for is read first.
      const before = output.bytesOut
      setImmediate(() => {
        if (output.isOutputOver) return
        const { bytesOut } = output
        const hasMoved = bytesOut > before && bytesOut - atExit < PIPE_SIZE
        if (output.isPaused || hasMoved) timer.refresh()
        else output.end()
      })
    }, milliseconds)
    this.#linger = timer
  }

  /** Waits for the exit of a script whose output has ended. */
  startExit(giveUp: () => void): void {
    // One round of the event loop: after a stall the timer fires before the exit is seen.
    this.#exit = setTimeout(() => setImmediate(giveUp), EXIT_AFTER_OUTPUT_END)
  }

  /** The script has exited. */
  stopAtExit(): void {
    clearTimeout(this.#request)
    clearTimeout(this.#exit)
  }

  /** The output has ended. */
  stopAtOutputEnd(): void {
    clearTimeout(this.#linger)
    clearTimeout(this.#idle)
  }

  stop(): void {
    this.stopAtExit()
    this.stopAtOutputEnd()
  }

  #start(milliseconds: number, code: CgiErrorCode): NodeJS.Timeout | undefined {
    if (milliseconds === 0) return undefined
    return setTimeout(this.#expire, milliseconds, code, milliseconds)
  }
}
