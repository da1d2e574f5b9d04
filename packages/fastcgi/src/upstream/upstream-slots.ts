import type { ClientSignal, Release, Slots } from '@common-gateway/core/transport'
import { WaitingLine } from './waiting-line.js'

/** How many requests may run at once, and the line of those that wait for that. */
export interface SlotSource {
  /** The most requests at once now. */
  readonly capacity: () => number
  /** Called when a request waits, or a slot is free. */
  readonly onChange: () => void
}

/** The slots of all upstreams together. A slot says that there is a free place on one of them, not on which. */
export class UpstreamSlots implements Slots {
  readonly #source: SlotSource
  readonly #line = new WaitingLine<Release>()
  #taken = 0
  #detached = 0

  constructor(source: SlotSource) {
    this.#source = source
  }

  get free(): number {
    return Math.max(0, this.#source.capacity() - Math.max(0, this.#taken - this.#detached))
  }

  get isWaitedFor(): boolean {
    return !this.#line.isEmpty
  }

  take(): Release | undefined {
    if (this.isWaitedFor || this.free === 0) return undefined
    return this.#take()
  }

  wait(signal: ClientSignal): Promise<Release> {
    const slot = this.#line.wait(signal)
    this.#source.onChange()
    return slot
  }

  /** Gives free slots to the requests that wait. */
  admit(): void {
    while (this.isWaitedFor && this.free > 0) this.#line.admit(this.#take())
  }

  /** The slots that requests have which occupy no upstream. */
  get detached(): number {
    return this.#detached
  }

  /**
   * A request occupies no upstream though it has not ended, as its worker is being killed, or as it waits for another:
   * another one may have its slot.
   *
   * @returns to be called when it occupies one again, or at its end, before its slot is released.
   */
  detach(): () => void {
    this.#detached += 1
    this.#source.onChange()
    return () => {
      this.#detached -= 1
    }
  }

  #take(): Release {
    this.#taken += 1
    return () => {
      this.#taken -= 1
      this.#source.onChange()
    }
  }
}
