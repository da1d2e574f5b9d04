import type { Readable } from 'node:stream'
import { Patience } from '../data/patience.js'
import { isReceived } from '../body/content.js'
import { isStalled } from '../body/input.js'
import { stopTicking, Ticking } from '../data/ticker.js'

/** What is asked of a client that sends. */
export interface UploadLimit {
  /** Bytes a second. */
  readonly minRate: number
  /** How many bytes have come. */
  readonly received: () => number
  /** Called when the client is too slow. */
  readonly onSlow: () => void
}

/** Watches how fast a client sends a body while its script waits for it; not while it is the script. */
export class UploadRate extends Ticking {
  readonly #content: Readable
  readonly #limit: UploadLimit
  readonly #patience: Patience
  #before: number

  constructor(content: Readable, limit: UploadLimit) {
    super()
    this.#content = content
    this.#limit = limit
    this.#patience = new Patience(limit.minRate)
    this.#before = limit.received()
  }

  tick(milliseconds: number): void {
    const received = this.#limit.received()
    const waited = isStalled(this.#content) ? milliseconds : 0
    const isOver = this.#patience.spend(waited, received - this.#before)
    this.#before = received
    if (isReceived(this.#content)) stopTicking(this)
    else if (isOver) this.#limit.onSlow()
  }
}
