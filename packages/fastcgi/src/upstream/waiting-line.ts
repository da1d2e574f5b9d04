import type { ClientSignal } from '@common-gateway/core/transport'

/** Those that wait for something, first come, first served. */
export class WaitingLine<Thing> {
  /** A Set keeps the order and deletes from the middle at no cost. */
  readonly #waiting = new Set<(thing: Thing) => void>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Resolves to the next thing; never after the signal. */
  wait(signal: ClientSignal): Promise<Thing> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(admit)
        signal.removeEventListener('abort', leave)
      }
      const admit = (thing: Thing): void => {
        leave()
        resolve(thing)
      }
      signal.addEventListener('abort', leave)
      this.#waiting.add(admit)
    })
  }

  /** Gives something to the first. */
  admit(thing: Thing): void {
    const [first] = this.#waiting
    first?.(thing)
  }
}
