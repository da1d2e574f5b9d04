import type { Readable } from 'node:stream'
import { Patience } from './patience.js'

/** How much of a body that no script wants is still received, so that the client hears the answer. */
const DRAIN_BYTES = 16 * 1024 * 1024
/** How long the client may leave us waiting for it, in milliseconds. */
const DRAIN_IDLE = 1_000
/** What it has to send, in bytes a second: a byte now and then is not worth the wait. */
const DRAIN_RATE = 240

/** Those whose bounds have been passed: they are not given them once more. */
const expired = new WeakSet<Readable>()

/**
 * Receives and discards what the client still sends, within bounds, so that it can be answered on a
 * connection that stays in step. Resolves when all has come, the bounds are passed or the client has
 * gone; never rejects.
 */
export function drain(source: Readable | null): Promise<void> {
  if (source === null || source.readableEnded || source.destroyed || expired.has(source)) {
    return Promise.resolve()
  }
  return new Promise((resolve) => {
    let received = 0
    let last = performance.now()
    const patience = new Patience(DRAIN_RATE)
    const timer = setTimeout(expire, DRAIN_IDLE)
    function count(chunk: Buffer): void {
      received += chunk.length
      const now = performance.now()
      const isTooSlow = patience.spend(now - last, chunk.length)
      last = now
      if (received > DRAIN_BYTES || isTooSlow) expire()
      else timer.refresh()
    }
    function expire(): void {
      if (source !== null) expired.add(source)
      finish()
    }
    function finish(): void {
      clearTimeout(timer)
      source?.off('data', count).off('end', finish).off('close', finish)
      resolve()
    }
    source.on('data', count).once('end', finish).once('close', finish)
    source.resume()
  })
}
