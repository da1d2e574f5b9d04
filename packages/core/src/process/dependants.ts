import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import { isMainThread } from 'node:worker_threads'
import { ArraySet } from '../data/array-set.js'
import { shareInProcess } from './shared.js'
import { GroupGuard } from './group-guard.js'

/** Something that must not outlive this process (or worker thread). */
export interface Dependant {
  /** The id of its process group; undefined while it is unknown. */
  readonly pid: number | undefined
  /** Whether a shell kills its process group where SIGKILL ends this process. In a worker thread it always does. */
  readonly isGuarded?: boolean
  /** Kills it, synchronously. */
  kill(): void
}

/**
 * Signals by which people, supervisors and development tools end a process. Without a listener they terminate it,
 * and Node.js emits no `'exit'`. Windows has none of them.
 */
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? [] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

/**
 * How long the listeners stay after the last dependant, about, in milliseconds. To add and to remove them takes
 * 100 microseconds, too much for each request.
 */
const LISTENER_LINGER = 100

/**
 * Kills all dependants when the process ends: by `process.exit()`, by an uncaught exception, or by a signal that
 * the application does not listen for, which then still terminates the process.
 *
 * The package signal-exit does the same for most programs. It does not fit here: it always listens, for 16
 * signals, and ends the process although an application listens with `process.once()`.
 */
class Dependants {
  readonly #members = new ArraySet<Dependant>()
  readonly #guard = new GroupGuard(!isMainThread)
  /** Created outside any request, so that neither timer nor signal handle retains a request's context. */
  readonly #scope = new AsyncResource('CommonGatewayDependants')
  #isListening = false
  /** Whether the timer runs that removes the listeners. */
  #hasTimer = false
  /** Whether a dependant was added since the timer last fired. */
  #wasUsed = false
  /** Signals of which the application's listener was just removed: one of `process.once()` has handled them. */
  readonly #justHandled = new Set<string | symbol>()

  /** Must be followed by {@link Dependants.remove}. */
  add(dependant: Dependant): void {
    this.#members.add(dependant)
    this.#wasUsed = true
    if (!this.#isListening) this.#listen()
    if (isGuarded(dependant)) this.#guard.add(dependant.pid)
  }

  /** Does nothing if it is no member. */
  remove(dependant: Dependant): void {
    if (!this.#members.delete(dependant)) return
    if (isGuarded(dependant)) this.#guard.remove(dependant.pid)
    if (this.#members.size === 0 && !this.#hasTimer) this.#ignoreLater()
  }

  readonly #killAll = (): void => {
    for (const dependant of this.#members.members) dependant.kill()
  }

  readonly #onExit = (): void => {
    this.#killAll()
    // After 'exit', Node.js waits for its threads. If one hangs in a system call, a signal must still terminate
    // the process: no listener runs any more, so there must be none.
    this.#ignore()
  }

  /** Its place among the listeners of the signal makes no difference. */
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    if (this.#isHandled(signal)) return
    this.#killAll()
    this.#ignore()
    // The only other listeners are those of signal-exit, which end the process as well.
    process.kill(process.pid, signal)
  }

  /** Whether the application listens for the signal. A listener of `process.once()` may be removed already. */
  #isHandled(signal: NodeJS.Signals): boolean {
    const others = process.listeners(signal).filter((listener) => listener !== this.#onSignal)
    return others.length > countSignalExits() || this.#justHandled.has(signal)
  }

  readonly #noteRemoval = (event: string | symbol, listener: unknown): void => {
    if (listener === this.#onSignal || listener === this.#onExit) {
      // By process.removeAllListeners(): the listeners are added again. Those that are left are not removed
      // first, since a pending signal without a listener is lost.
      process.nextTick(() => {
        if (this.#isListening) this.#listen()
      })
    } else if (SIGNALS.some((signal) => signal === event)) {
      this.#justHandled.add(event)
      queueMicrotask(() => this.#justHandled.delete(event))
    }
  }

  #listen(): void {
    this.#isListening = true
    this.#scope.runInAsyncScope(() => {
      // Before all others: a listener of the application that throws stops the event.
      ensureListener('exit', this.#onExit)
      if (!areSignalsFatal()) return
      for (const signal of SIGNALS) ensureListener(signal, this.#onSignal)
      ensureListener('removeListener', this.#noteRemoval)
    })
  }

  #ignore(): void {
    this.#isListening = false
    process.off('removeListener', this.#noteRemoval)
    process.off('exit', this.#onExit)
    for (const signal of SIGNALS) process.off(signal, this.#onSignal)
  }

  #ignoreLater(): void {
    this.#hasTimer = true
    this.#scope.runInAsyncScope(() => {
      const timer = setTimeout(() => {
        if (this.#wasUsed) {
          this.#wasUsed = false
          timer.refresh()
          return
        }
        this.#hasTimer = false
        // A pending signal is emitted before that; without a listener it would be lost.
        setImmediate(() => {
          if (this.#isListening && this.#members.size === 0) this.#ignore()
        }).unref()
      }, LISTENER_LINGER).unref()
    })
  }
}

function isGuarded(dependant: Dependant): dependant is Dependant & { readonly pid: number } {
  return dependant.pid !== undefined && (!isMainThread || dependant.isGuarded === true)
}

/** Adds a listener before all others, unless it is there. */
function ensureListener(event: string, listener: Parameters<EventEmitter['on']>[1]): void {
  // The type of `process` accepts only the listener of each single event.
  const emitter: EventEmitter = process
  if (!emitter.listeners(event).includes(listener)) emitter.prependListener(event, listener)
}

/**
 * Whether signals terminate this process by default. They reach the main thread only. For the first process of a
 * container (pid 1), the kernel drops signals without a handler.
 */
function areSignalsFatal(): boolean {
  return isMainThread && process.pid !== 1
}

/**
 * How many listeners of each signal belong to copies of the package signal-exit, which end the process if there
 * are no others. Its versions 3 and 4 count each other in the same way:
 * https://github.com/tapjs/signal-exit/blob/main/src/index.ts
 */
function countSignalExits(): number {
  const emitters: unknown[] = [
    Reflect.get(globalThis, Symbol.for('signal-exit emitter')),
    Reflect.get(process, '__signal_exit_emitter__'),
  ]
  return emitters.reduce<number>((sum, emitter) => {
    const count: unknown =
      typeof emitter === 'object' && emitter !== null ? Reflect.get(emitter, 'count') : 0
    return sum + (typeof count === 'number' ? count : 0)
  }, 0)
}

/** The dependants of this process, or of this worker thread. */
export const dependants = shareInProcess('dependants.2', () => new Dependants())

/**
 * Calls a function when this process ends: by `process.exit()`, an uncaught exception, or a signal that the
 * application does not listen for. SIGKILL leaves no time for it, nor does `worker.terminate()`.
 *
 * @param act - must be synchronous.
 * @returns a function that withdraws it.
 */
export function onProcessEnd(act: () => void): () => void {
  const dependant: Dependant = { pid: undefined, kill: act }
  dependants.add(dependant)
  return () => dependants.remove(dependant)
}
