import type { Readable } from 'node:stream'
import { Patience } from './patience.js'

/** How much of an unwanted body is received, in bytes: many clients read no response before they have sent it. */
const DRAIN_BYTES = 16 * 1024 * 1024
/** How long the client may send nothing, in milliseconds. */
const DRAIN_IDLE = 1_000
/** The least rate, in bytes per second: a byte now and then is not worth the wait. */
const DRAIN_RATE = 240

/** Streams that exceeded a limit once; they get no second allowance. */
const expired = new WeakSet<Readable>()

/**
 * Receives and discards the rest of a request body, within limits, so that the client reads the response and the
 * connection can be reused. Resolves at the end of the body, at a limit, or when the client has disconnected;
 * never rejects.
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
