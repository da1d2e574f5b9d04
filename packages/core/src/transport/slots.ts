import type { ClientSignal } from '../data/message.js'

/** Releases a slot. The gateway calls it once. */
export type Release = () => void

/** The slots of a transport: a script holds one from before its start until its `exit`. Gateways may share them. */
export interface Slots {
  /** How many are free; not negative. */
  readonly free: number
  /** Takes a free slot. Undefined: there is none. */
  take(): Release | undefined
  /**
   * Resolves to the next slot: first come, first served.
   *
   * @param signal - aborted when the slot is not needed any more. The gateway releases one that comes later.
   * @throws {CgiError} CGI_ERR_BUSY, where it is not worth waiting. An error of another class becomes the
   *   `cause` of a CGI_ERR_SPAWN.
   */
  wait(signal: ClientSignal): Promise<Release>
}

/** A fixed number of slots. */
export class CountedSlots implements Slots {
  #free: number
  /** A Set keeps the order and deletes from the middle at no cost. */
  readonly #waiting = new Set<() => void>()

  constructor(count: number) {
    this.#free = count
  }

  get free(): number {
    return this.#free
  }

  take(): Release | undefined {
    if (this.#free <= 0) return undefined
    this.#free -= 1
    return this.#release
  }

  wait(signal: ClientSignal): Promise<Release> {
    return new Promise((resolve) => {
      const leave = (): void => {
        this.#waiting.delete(admit)
        signal.removeEventListener('abort', leave)
      }
      const admit = (): void => {
        leave()
        resolve(this.#release)
      }
      signal.addEventListener('abort', leave)
      this.#waiting.add(admit)
    })
  }

  /** The slot goes to the first that waits, or is free. */
  readonly #release = (): void => {
    const [admit] = this.#waiting
    if (admit === undefined) this.#free += 1
    else admit()
  }
}
