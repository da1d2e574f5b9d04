import type { Readable } from 'node:stream'
import { isReceived, isStream } from '../body/content.js'
import { isStalled } from '../body/input.js'
import { Patience } from '../data/patience.js'
import { startTicking, stopTicking, Ticking } from '../data/ticker.js'
import type { RequestBody } from '../transport/transport.js'

/** The least rate of an upload. */
export interface UploadLimit {
  /** Bytes a second; 0: no limit. */
  readonly minRate: number
  /** Returns the number of bytes received so far. */
  readonly received: () => number
  /** Called when the client is too slow. */
  readonly onSlow: (reason: string) => void
}

/**
 * Watches how fast a client sends a body, as long as the script waits for the client.
 *
 * @returns a function that stops it; undefined where there is nothing to watch.
 */
export function watchUpload(
  content: RequestBody['content'],
  limit: UploadLimit,
): (() => void) | undefined {
  if (limit.minRate === 0 || !isStream(content) || isReceived(content)) return undefined
  const rate = new UploadRate(content, limit)
  startTicking(rate)
  return () => stopTicking(rate)
}

class UploadRate extends Ticking {
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
    const { minRate, received, onSlow } = this.#limit
    const total = received()
    const waited = isStalled(this.#content) ? milliseconds : 0
    const isOver = this.#patience.spend(waited, total - this.#before)
    this.#before = total
    if (isReceived(this.#content)) stopTicking(this)
    else if (isOver) onSlow(`the client sends less than ${minRate} bytes per second`)
  }
}
