import type { ClientSignal } from '../data/message.js'
import { attempt } from './attempt.js'

type Listener = Parameters<ClientSignal['addEventListener']>[1]

/** Contains the faults of listeners of the application: one that throws does not stop the others. */
export function guardSignal(signal: ClientSignal): ClientSignal {
  const guarded = new Map<Listener, Listener>()
  return {
    get aborted() {
      return signal.aborted
    },
    addEventListener(type, listener) {
      if (guarded.has(listener)) return
      // The request has ended: an error has no recipient.
      const call = (): void => attempt(listener, () => {})
      guarded.set(listener, call)
      signal.addEventListener(type, call)
    },
    removeEventListener(type, listener) {
      const call = guarded.get(listener)
      if (call === undefined) return
      guarded.delete(listener)
      signal.removeEventListener(type, call)
    },
  }
}
