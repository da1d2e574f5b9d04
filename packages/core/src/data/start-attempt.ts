import { ClientDeparture } from './client-departure.js'
import { CgiError, type CgiErrorCode } from './cgi-error.js'
import type { ClientSignal } from './message.js'

/** How long a wait may take, and how it fails. */
export interface StartLimit {
  /** In milliseconds; 0: no limit. */
  readonly milliseconds: number
  readonly code: CgiErrorCode
  /** What has not happened in time, for the log. */
  readonly what: string
}

/**
 * A request from its arrival to the start of its script. A promise that it waits for may never settle (a thread
 * blocked in a dead mount, a promise of the application): the wait ends when the client disconnects, at the time
 * limit, or by {@link StartAttempt.fail}.
 */
export class StartAttempt {
  /** Aborted when the attempt fails, for operations that it has begun. */
  readonly signal: ClientSignal
  readonly #departure = new ClientDeparture()
  readonly #client: ClientSignal | undefined
  #failure: CgiError | undefined
  #reject: ((error: CgiError) => void) | undefined

  /** @param client - its abort fails the attempt. */
  constructor(client?: ClientSignal) {
    this.signal = this.#departure
    this.#client = client
    if (client?.aborted === true) this.#leave()
    else client?.addEventListener('abort', this.#leave)
  }

  /**
   * Waits for a result.
   *
   * @param discard - frees a result that arrives after the attempt has failed.
   * @param limit - how long the wait may take. Default: no limit.
   * @throws {CgiError} the failure of the attempt, or the error of the work.
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

  /** Fails the attempt, unless it has failed already. */
  fail(error: CgiError): void {
    if (this.#failure !== undefined) return
    this.#failure = error
    this.#departure.abort()
    this.#reject?.(error)
  }

  /** Stops listening to the client. */
  end(): void {
    this.#client?.removeEventListener('abort', this.#leave)
  }

  #startTimer({ milliseconds, code, what }: StartLimit): NodeJS.Timeout | undefined {
    if (milliseconds === 0) return undefined
    const reason = `${what} within ${milliseconds} ms`
    return setTimeout(() => this.fail(new CgiError(code, { reason })), milliseconds)
  }

  readonly #leave = (): void => this.fail(new CgiError('CGI_ERR_CLIENT_GONE'))
}
