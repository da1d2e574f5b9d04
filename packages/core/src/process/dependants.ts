import { AsyncResource } from 'node:async_hooks'
import type { EventEmitter } from 'node:events'
import process from 'node:process'
import { isMainThread } from 'node:worker_threads'
import { shareInProcess } from './shared.js'
import { ThreadGuard } from './thread-guard.js'

/** Something that must not outlive the host. */
export interface Dependant {
  /** Its process group; undefined as long as it is not known. */
  readonly pid: number | undefined
  /** Ends it at once, synchronously. */
  kill(): void
}

/**
 * Signals that end a process which does not listen for them, and that people, supervisors and development
 * tools send for that. Node emits no `'exit'` event for them. Windows has none of them.
 */
const SIGNALS: readonly NodeJS.Signals[] =
  process.platform === 'win32' ? [] : ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR2']

/**
 * The listeners stay for about so long after the last dependant, in milliseconds: to add and to remove them
 * costs 100 microseconds, too much for each request.
 */
const STAY = 100

/**
 * Kills what depends on the host when the host ends: by `process.exit()`, an uncaught error, or a signal
 * that the application does not listen for. The host then still ends by that signal.
 *
 * The package signal-exit does the same for most programs. It cannot be used here: it listens all the time,
 * for 16 signals, and ends the process although an application listens by `process.once()`.
 */
class Dependants {
  /** Not a Set: V8 keeps a table that has been replaced, and all that was in it, until a full collection. */
  readonly #members: Dependant[] = []
  readonly #guard = isMainThread ? undefined : new ThreadGuard()
  /** Created outside any request, so that neither timer nor signal handle retains a request's context. */
  readonly #scope = new AsyncResource('CommonGatewayDependants')
  #isListening = false
  /** Whether the timer is set that looks for a time without dependants. */
  #isTimed = false
  /** Whether there was a dependant since it looked last. */
  #isUsed = false
  /** Signals for which a listener of the application was removed a moment ago. */
  readonly #justHandled = new Set<string | symbol>()

  /** Must be followed by {@link Dependants.remove}. */
  add(dependant: Dependant): void {
    this.#members.push(dependant)
    this.#isUsed = true
    if (!this.#isListening) this.#listen()
    if (dependant.pid !== undefined) this.#guard?.add(dependant.pid)
  }

  /** Does nothing where it is not there. */
  remove(dependant: Dependant): void {
    const index = this.#members.indexOf(dependant)
    if (index === -1) return
    this.#members.splice(index, 1)
    if (dependant.pid !== undefined) this.#guard?.remove(dependant.pid)
    if (this.#members.length === 0 && !this.#isTimed) this.#letGoLater()
  }

  readonly #killAll = (): void => {
    for (const dependant of this.#members) dependant.kill()
  }

  readonly #exit = (): void => {
    this.#killAll()
    // Node waits for its threads after 'exit'. If one hangs in a system call, a signal must still end the
    // process, which no listener can do any more.
    this.#ignore()
  }

  /** Runs first or last among the listeners of a signal, which makes no difference. */
  readonly #end = (signal: NodeJS.Signals): void => {
    if (this.#isHandled(signal)) return
    this.#killAll()
    this.#ignore()
    // Nobody else listens, so this is the end; or the package signal-exit does, which ends the process next.
    process.kill(process.pid, signal)
  }

  /**
   * Whether the application itself decides what a signal does. A listener added by `process.once()` may be
   * gone already when it is asked.
   */
  #isHandled(signal: NodeJS.Signals): boolean {
    const others = process.listeners(signal).filter((listener) => listener !== this.#end)
    return others.length > countSignalExits() || this.#justHandled.has(signal)
  }

  readonly #noteRemoval = (event: string | symbol, listener: unknown): void => {
    if (listener === this.#end || listener === this.#exit) {
      // By process.removeAllListeners(), which means the application's own. The others stay as they are: a
      // signal that has come already, and is not told yet, would be lost with its listener.
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
      // First: a listener of the application that throws ends the event.
      listenOnce('exit', this.#exit)
      if (!canBeEndedBySignals()) return
      for (const signal of SIGNALS) listenOnce(signal, this.#end)
      listenOnce('removeListener', this.#noteRemoval)
    })
  }

  #ignore(): void {
    this.#isListening = false
    process.off('removeListener', this.#noteRemoval)
    process.off('exit', this.#exit)
    for (const signal of SIGNALS) process.off(signal, this.#end)
  }

  #letGoLater(): void {
    this.#isTimed = true
    this.#scope.runInAsyncScope(() => {
      const timer = setTimeout(() => {
        if (this.#isUsed) {
          this.#isUsed = false
          timer.refresh()
          return
        }
        this.#isTimed = false
        // A signal that has come already is told in between: without a listener it would be lost.
        setImmediate(() => {
          if (this.#isListening && this.#members.length === 0) this.#ignore()
        }).unref()
      }, STAY).unref()
    })
  }
}

/** Puts a listener before all others, if it is not there. */
function listenOnce(event: string, listener: Parameters<EventEmitter['on']>[1]): void {
  // The type knows each event with its own listener only.
  const emitter: EventEmitter = process
  if (!emitter.listeners(event).includes(listener)) emitter.prependListener(event, listener)
}

/**
 * Signals come to the main thread only. And the first process of a container (pid 1) is not ended by a
 * signal that it does not listen for: the kernel drops it.
 */
function canBeEndedBySignals(): boolean {
  return isMainThread && process.pid !== 1
}

/**
 * How many listeners of each signal belong to copies of the package signal-exit, which end the process where
 * no others are left. So versions 3 and 4 tell each other of themselves:
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

/** Those of this process, or of this worker thread. */
export const dependants = shareInProcess('dependants.1', () => new Dependants())
