import { CgiError } from '../data/cgi-error.js'
import type { ClientSignal } from '../data/message.js'
import type { Settings } from '../options/settings.js'

/** Gives its slot back; does nothing when called again. */
export type Release = () => void

interface Waiter {
  admit(): void
  refuse(error: CgiError): void
}

/** How long a client that was turned away should wait, in seconds (RFC 9110 section 10.2.3). */
const RETRY_AFTER = '1'

/** Lets so many scripts run at once; others wait in a queue, first come, first served. */
export class Limiter {
  readonly #settings: Pick<Settings<never>, 'maxProcesses' | 'maxQueue' | 'queueTimeout'>
  /** A Set keeps the order and forgets one in the middle at no cost. */
  readonly #queue = new Set<Waiter>()
  /** How many places of the queue are kept for requests that are not ready to run. */
  #reserved = 0
  #running = 0
  #isClosed = false

  /** How many have a slot. */
  get running(): number {
    return this.#running
  }

  /** How many wait for one, or are not ready for it. */
  get queued(): number {
    return this.#queue.size + this.#reserved
  }

  constructor(settings: Pick<Settings<never>, 'maxProcesses' | 'maxQueue' | 'queueTimeout'>) {
    this.#settings = settings
  }

  /**
   * Resolves when there is a slot.
   *
   * @param signal - leaves the queue when it is aborted.
   * @param onWait - called where it has to wait.
   * @param place - what {@link Limiter.reserve} has given: the wait begins there.
   * @throws {CgiError} CGI_ERR_BUSY when the queue is full or the wait too long, CGI_ERR_CLIENT_GONE,
   *   CGI_ERR_CLOSED.
   */
  async acquire(
    signal: ClientSignal,
    onWait: () => void = () => {},
    place?: Release,
  ): Promise<Release> {
    // A client that has left at the same moment may still have to be seen to.
    if (place === undefined && this.#isFull()) await new Promise(setImmediate)
    if (signal.aborted) throw new CgiError('CGI_ERR_CLIENT_GONE')
    if (this.#isClosed) throw new CgiError('CGI_ERR_CLOSED')
    // Whoever had a place is not turned away, though others may have come meanwhile.
    place?.()
    if (this.#running < this.#settings.maxProcesses) this.#running += 1
    else await this.#wait(signal, onWait, place !== undefined)
    let isHeld = true
    return () => {
      if (isHeld) this.#release()
      isHeld = false
    }
  }

  /**
   * Takes a place in the queue for a request that is not ready to run: its body is still to come. It has
   * no slot meanwhile, which others can use, nor does the time count.
   *
   * @returns gives the place back.
   * @throws {CgiError} CGI_ERR_BUSY when there is neither a free slot nor a place in the queue.
   */
  reserve(): Release {
    const { maxProcesses, maxQueue } = this.#settings
    if (this.#running + this.queued >= maxProcesses + maxQueue) throw busy('the queue is full')
    this.#reserved += 1
    let isHeld = true
    return () => {
      if (isHeld) this.#reserved -= 1
      isHeld = false
    }
  }

  /** Turns away all that wait, and all that come. */
  close(): void {
    this.#isClosed = true
    for (const waiter of this.#queue) waiter.refuse(new CgiError('CGI_ERR_CLOSED'))
  }

  #isFull(): boolean {
    const { maxProcesses, maxQueue } = this.#settings
    return this.#running >= maxProcesses && this.queued >= maxQueue
  }

  #wait(signal: ClientSignal, onWait: () => void, hasPlace: boolean): Promise<void> {
    const { queueTimeout } = this.#settings
    if (!hasPlace && this.#isFull()) return Promise.reject(busy('the queue is full'))
    onWait()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(waiter)
        clearTimeout(timer)
        signal.removeEventListener('abort', gone)
      }
      const waiter: Waiter = {
        admit() {
          leave()
          resolve()
        },
        refuse(error) {
          leave()
          reject(error)
        },
      }
      const gone = (): void => waiter.refuse(new CgiError('CGI_ERR_CLIENT_GONE'))
      const timer =
        queueTimeout === 0
          ? undefined
          : setTimeout(() => waiter.refuse(busy('the wait took too long')), queueTimeout)
      signal.addEventListener('abort', gone)
      this.#queue.add(waiter)
    })
  }

  /** The slot goes to the next in the queue, or is free. */
  #release(): void {
    const [next] = this.#queue
    if (next === undefined) this.#running -= 1
    else next.admit()
  }
}

function busy(reason: string): CgiError {
  return new CgiError('CGI_ERR_BUSY', { reason, headers: { 'retry-after': RETRY_AFTER } })
}
