import type { ClientSignal } from './message.js'

/**
 * Notifies listeners, once, that the client has disconnected. An AbortController does the same with events, but
 * to create one for each request takes as long as to find its script.
 */
export class ClientDeparture implements ClientSignal {
  aborted = false
  #listeners: (() => void)[] = []

  addEventListener(_type: 'abort', listener: () => void): void {
    this.#listeners.push(listener)
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    const index = this.#listeners.indexOf(listener)
    if (index !== -1) this.#listeners.splice(index, 1)
  }

  /** Notifies the listeners. */
  abort(): void {
    if (this.aborted) return
    this.aborted = true
    // A listener may remove others.
    for (;;) {
      const listener = this.#listeners.shift()
      if (listener === undefined) return
      listener()
    }
  }
}
