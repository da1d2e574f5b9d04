import { CgiError } from '../data/cgi-error.js'
import { ClientDeparture } from '../data/client-departure.js'
import type { ClientSignal } from '../data/message.js'
import type { Settings } from '../options/settings.js'
import type { Release, Slots } from '../transport/slots.js'
import { QueueLength } from './queue-length.js'

/** Seconds for Retry-After (RFC 9110 section 10.2.3). */
const RETRY_AFTER = '1'

/** Limits how many scripts of a transport run at once; other requests wait in a queue, first come, first served. */
export class Limiter {
  readonly #settings: Pick<Settings<never>, 'maxQueue' | 'queueTimeout'>
  readonly #slots: Slots
  readonly #queue: QueueLength
  /** The requests that wait, each by the function that refuses it. */
  readonly #waiting = new Set<(error: CgiError) => void>()
  #running = 0
  #isClosed = false

  /**
   * @param slots - may be shared with other gateways.
   * @param queue - that of the gateway.
   */
  constructor(
    settings: Pick<Settings<never>, 'maxQueue' | 'queueTimeout'>,
    slots: Slots,
    queue = new QueueLength(),
  ) {
    this.#settings = settings
    this.#slots = slots
    this.#queue = queue
  }

  /** How many requests hold a slot. */
  get running(): number {
    return this.#running
  }

  /** How many requests of the gateway wait for a slot of any transport, or are not ready to run. */
  get queued(): number {
    return this.#queue.value
  }

  /**
   * Resolves when there is a slot.
   *
   * @param signal - leaves the queue when it is aborted.
   * @param onWait - called if the request has to wait.
   * @param place - the result of {@link Limiter.reserve}: the wait begins in that place.
   * @returns releases the slot; does nothing when called again.
   * @throws {CgiError} CGI_ERR_BUSY when the queue is full or the wait too long, CGI_ERR_CLIENT_GONE,
   *   CGI_ERR_CLOSED, and the errors of the slots.
   */
  async acquire(
    signal: ClientSignal,
    onWait: () => void = () => {},
    place?: Release,
  ): Promise<Release> {
    // The 'close' event of a client that left at the same moment may still be pending.
    if (place === undefined && this.#isFull()) await new Promise(setImmediate)
    if (signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
    if (this.#isClosed) throw new CgiError('CGI_ERR_CLOSED')
    // A request with a place is not refused, even if others have come meanwhile.
    if (place === undefined && this.#isFull()) throw busy('the queue is full')
    place?.()
    const slot = this.#slots.take() ?? (await this.#wait(signal, onWait))
    this.#running += 1
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#running -= 1
      slot()
    }
  }

  /**
   * Takes a place in the queue for a request that is not ready to run, since its body is still arriving. It
   * holds no slot meanwhile, and `queueTimeout` does not run.
   *
   * @returns gives the place back; does nothing when called again.
   * @throws {CgiError} CGI_ERR_BUSY when there is neither a free slot nor a place in the queue.
   */
  reserve(): Release {
    const places = this.#slots.free + this.#settings.maxQueue
    if (this.queued >= places) throw busy('the queue is full')
    this.#queue.value += 1
    let isHeld = true
    return () => {
      if (isHeld) this.#queue.value -= 1
      isHeld = false
    }
  }

  /** Refuses all requests that wait, and all that come. */
  close(): void {
    this.#isClosed = true
    for (const refuse of this.#waiting) refuse(new CgiError('CGI_ERR_CLOSED'))
  }

  #isFull(): boolean {
    return this.#slots.free <= 0 && this.queued >= this.#settings.maxQueue
  }

  #wait(signal: ClientSignal, onWait: () => void): Promise<Release> {
    const { queueTimeout } = this.#settings
    const departure = new ClientDeparture()
    onWait()
    return new Promise((resolve, reject) => {
      let isWaiting = true
      const leave = (): void => {
        isWaiting = false
        this.#queue.value -= 1
        this.#waiting.delete(refuse)
        clearTimeout(timer)
        signal.removeEventListener('abort', gone)
      }
      const refuse = (error: CgiError): void => {
        // Slots may reject when they are not waited for any more.
        if (!isWaiting) return
        leave()
        departure.abort()
        reject(error)
      }
      const gone = (): void => refuse(new CgiError('CGI_ERR_CLIENT_GONE'))
      const timer =
        queueTimeout === 0
          ? undefined
          : setTimeout(() => refuse(busy('the wait in the queue timed out')), queueTimeout)
      signal.addEventListener('abort', gone)
      this.#waiting.add(refuse)
      this.#queue.value += 1
      this.#slots.wait(departure).then((slot) => {
        if (!isWaiting) return slot()
        leave()
        resolve(slot)
      }, refuse)
    })
  }
}

function busy(reason: string): CgiError {
  return new CgiError('CGI_ERR_BUSY', { reason, headers: { 'retry-after': RETRY_AFTER } })
}
