import type { ClientSignal } from '../data/message.js'
import { attempt } from './attempt.js'

type Listener = Parameters<ClientSignal['addEventListener']>[1]

/** Contains the faults of listeners of the application: one that throws does not stop the others. */
export function guardSignal(signal: ClientSignal): ClientSignal {
  return new GuardedSignal(signal)
}

class GuardedSignal implements ClientSignal {
  readonly #signal: ClientSignal
  readonly #guarded = new Map<Listener, Listener>()

  constructor(signal: ClientSignal) {
    this.#signal = signal
  }

  get aborted(): boolean {
    return this.#signal.aborted
  }

  addEventListener(type: 'abort', listener: Listener): void {
    if (this.#guarded.has(listener)) return
    // The request has ended: an error has no recipient.
    const call = (): void => attempt(listener, () => {})
    this.#guarded.set(listener, call)
    this.#signal.addEventListener(type, call)
  }

  removeEventListener(type: 'abort', listener: Listener): void {
    const call = this.#guarded.get(listener)
    if (call === undefined) return
    this.#guarded.delete(listener)
    this.#signal.removeEventListener(type, call)
  }
}
