import type { ClientSignal } from '@common-gateway/core/transport'

/** Those that wait for something, first come, first served. */
export class WaitingLine<Thing> {
  /** A Set keeps the order and deletes from the middle at no cost. */
  readonly #waiting = new Set<(thing: Thing) => void>()

  get isEmpty(): boolean {
    return this.#waiting.size === 0
  }

  /** Resolves to the next thing. After the signal it never resolves, or to `instead`. */
  wait(signal: ClientSignal | undefined, instead?: Thing): Promise<Thing> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(admit)
        signal?.removeEventListener('abort', abort)
      }
      const admit = (thing: Thing): void => {
        leave()
        resolve(thing)
      }
      const abort = (): void => {
        leave()
        if (instead !== undefined) resolve(instead)
      }
      signal?.addEventListener('abort', abort)
      this.#waiting.add(admit)
    })
  }

  /** Gives something to the first. */
  admit(thing: Thing): void {
    const [first] = this.#waiting
    first?.(thing)
  }
}
