import type {
  CgiError,
  ProcessPipes,
  ScriptExit,
  ScriptProcess,
} from '@common-gateway/core/transport'
import { readProcessState } from './process-state.js'

/** The exit of a process that nothing is known about any more. */
const UNKNOWN_EXIT: ScriptExit = { exitCode: null, signal: null }

/** A request that was sent to a fork server, until its process has ended. */
export class ServerRequest {
  /** The process that answers it, or why nothing was run for it. Rejects where neither is certain. */
  readonly answer: Promise<ScriptProcess | string>
  readonly #pipes: ProcessPipes
  #timer: NodeJS.Timeout | undefined
  #isPending = true
  #resolveAnswer: (answer: ScriptProcess | string) => void = () => {}
  #rejectAnswer: (error: CgiError) => void = () => {}
  #resolveExit: (exit: ScriptExit) => void = () => {}
  #process: ScriptProcess | undefined
  /** When the process began, once it is an orphan: a later one may have its pid. */
  #startTime: string | undefined
  #zombieLooks = 0

  /**
   * @param onLate - is called where the fork server has not answered within `patience` milliseconds. Returns whether to
   *   wait for as long once more.
   */
  constructor(pipes: ProcessPipes, patience: number, onLate: () => boolean) {
    this.#pipes = pipes
    this.answer = new Promise((resolve, reject) => {
      this.#resolveAnswer = resolve
      this.#rejectAnswer = reject
    })
    this.#wait(patience, onLate)
  }

  /** Whether the fork server has not answered yet. */
  get isPending(): boolean {
    return this.#isPending
  }

  /** The child of the fork server leads its process group; the script runs from now on. */
  start(pid: number): void {
    if (!this.#settle()) return
    const exit = new Promise<ScriptExit>((resolve) => {
      this.#resolveExit = resolve
    })
    this.#process = { ...this.#pipes.adopt(pid, exit), isWarm: true }
    this.#resolveAnswer(this.#process)
  }

  /** Nothing was run, and nothing will be. */
  refuse(reason: string): void {
    if (!this.#settle()) return
    this.#pipes.close()
    this.#resolveAnswer(reason)
  }

  /** It is uncertain whether the script will run. */
  fail(error: CgiError): void {
    if (!this.#settle()) return
    this.#pipes.close()
    this.#rejectAnswer(error)
  }

  /** The fork server has reaped the process. */
  exit(exit: ScriptExit): void {
    this.refuse('its process has ended before the script ran')
    this.#resolveExit(exit)
  }

  /**
   * Looks whether the process has ended, and the fork server has not waited for it: it loads modules, is stopped, or does
   * not work. From the second time on, or the last, the exit is what the kernel knows.
   *
   * @returns how often in succession it has been found so.
   */
  checkZombie(isLast = false): number {
    const state = this.#process && readProcessState(this.#process.pid)
    this.#zombieLooks = state?.isZombie === true ? this.#zombieLooks + 1 : 0
    const isCertain = this.#zombieLooks > (isLast ? 0 : 1)
    if (isCertain && state?.exit !== undefined) this.#resolveExit(state.exit)
    return this.#zombieLooks
  }

  /**
   * Looks whether the process has ended, whose fork server is gone. Its exit is unknown then, unless it is a zombie. The
   * first call must come at once after the end of the fork server.
   *
   * @returns whether it has ended.
   */
  checkOrphan(): boolean {
    if (this.#process === undefined) return false
    const state = readProcessState(this.#process.pid)
    this.#startTime ??= state?.startTime
    const isRunning = state !== undefined && !state.isZombie && state.startTime === this.#startTime
    if (!isRunning) this.#resolveExit(state?.exit ?? UNKNOWN_EXIT)
    return !isRunning
  }

  #wait(patience: number, onLate: () => boolean): void {
    this.#timer = setTimeout(() => {
      // What this process has not read yet, since it was busy, is read before that.
      setImmediate(() => {
        if (this.#isPending && onLate()) this.#wait(patience, onLate)
      })
    }, patience)
  }

  #settle(): boolean {
    if (!this.#isPending) return false
    this.#isPending = false
    clearTimeout(this.#timer)
    return true
  }
}
