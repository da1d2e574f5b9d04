import type { ClientSignal } from '../data/message.js'
import { attempt } from './attempt.js'

type Listener = Parameters<ClientSignal['addEventListener']>[1]

/** A signal whose listeners are an application's: one that throws keeps nobody else from hearing of it. */
export function guardSignal(signal: ClientSignal): ClientSignal {
  const guarded = new Map<Listener, Listener>()
  return {
    get aborted() {
      return signal.aborted
    },
    addEventListener(type, listener) {
      if (guarded.has(listener)) return
      const call = (): void => {
        // The request has ended: there is nobody left to tell.
        attempt(listener, () => {})
      }
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
