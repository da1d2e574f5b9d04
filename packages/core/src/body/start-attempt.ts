import { ClientDeparture } from '../data/client-departure.js'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import type { ClientSignal } from '../data/message.js'

/** How long something may be waited for. */
export interface StartLimit {
  /** 0: no limit. */
  readonly milliseconds: number
  readonly code: CgiErrorCode
  /** What has not happened by then, for the log. */
  readonly what: string
}

/**
 * A request on its way to the start of its script. What it waits for may never come (a thread that sleeps
 * in a dead mount, a promise of the application's): the wait ends when the client leaves, when the time is
 * over, or by {@link StartAttempt.fail}.
 */
export class StartAttempt {
  /** Aborted when the attempt has failed: what has not begun yet is not to begin. */
  readonly signal: ClientSignal
  readonly #departure = new ClientDeparture()
  readonly #client: ClientSignal | undefined
  #failure: CgiError | undefined
  #reject: ((error: CgiError) => void) | undefined

  /** @param client - whose leaving ends it. */
  constructor(client?: ClientSignal) {
    this.signal = this.#departure
    this.#client = client
    if (client?.aborted === true) this.#leave()
    else client?.addEventListener('abort', this.#leave)
  }

  /**
   * Waits for a result.
   *
   * @param discard - frees a result that comes when the attempt has failed.
   * @param limit - how long the wait may take; no limit by default.
   * @throws {CgiError} why the attempt has failed, or what the work throws.
   */
  async until<Result>(
    work: Promise<Result>,
    discard: (late: Result) => void,
    limit?: StartLimit,
  ): Promise<Result> {
    const timer = limit === undefined ? undefined : this.#startTimer(limit)
    try {
      return await new Promise<Result>((resolve, reject) => {
        this.#reject = reject
        if (this.#failure !== undefined) reject(this.#failure)
        work.then((result) => {
          if (this.#failure === undefined) resolve(result)
          else discard(result)
        }, reject)
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Ends the attempt; only the first failure counts. */
  fail(error: CgiError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#departure.abort()
    this.#reject?.(error)
  }

  /** Stops watching the client: there is a run, or there will be none. */
  end(): void {
    this.#client?.removeEventListener('abort', this.#leave)
  }

  #startTimer({ milliseconds, code, what }: StartLimit): NodeJS.Timeout | undefined {
    if (milliseconds === 0) return undefined
    const reason = `${what} after ${milliseconds} ms`
    return setTimeout(() => this.fail(new CgiError(code, { reason })), milliseconds)
  }

  readonly #leave = (): void => this.fail(new CgiError('CGI_ERR_CLIENT_GONE'))
}
