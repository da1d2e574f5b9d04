import type { CgiError, ClientSignal, ScriptExit } from '@common-gateway/core/transport'
import type { Address } from '../connection/address.js'

/** One program that stays, and where it listens. It has one request at a time. */
export interface ManagedWorker {
  /** `php-cgi 1`. */
  readonly name: string
  /** Where the process listens that runs now, or that ran last. */
  readonly address: Address
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  /** Whether it can take a request now, or could by a start; false while a restart is delayed. */
  readonly isAvailable: boolean
  /** Whether its program is still being loaded, so that it cannot have accepted a request. */
  readonly isLoading: boolean
  /** How long a restart is delayed still, in milliseconds; 0 where it is not. */
  readonly restartsIn: number
  /** How the process that runs now ends, or the last one has ended. */
  readonly exit: Promise<ScriptExit>
  /**
   * Why the last process has ended before it has read a request; undefined where the last one did answer. An error of
   * its own for each request, since the facts of the request are added to it.
   */
  readonly failure: CgiError | undefined
  /** The last line that the process has written to its own standard error; empty where there is none. */
  readonly lastLine: string
  /** Called when `isAvailable` may have become true. */
  onAvailable: () => void
  /** Called when a process has been started. */
  onStart: (pid: number) => void
  /** Called when its process has ended, or is about to be ended, and why: its connections are to be closed. */
  onEnd: (pid: number, reason: string) => void
  /**
   * A request is about to be sent to it. Starts it where it does not run; resolves when it has been started.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; CGI_ERR_NO_UPSTREAM with the exit and the last standard
   *   error of one that ends at once.
   */
  ready(signal?: ClientSignal): Promise<void>
  /**
   * Its process has read the request that was sent to it. If it ends now, it is the request that has ended it: the
   * program works, and is started again without a delay.
   */
  taken(): void
  /** The request on it has ended. */
  finished(isAnswered: boolean): void
  /**
   * Ends it and what it has started: SIGTERM, after `killTimeout` milliseconds SIGKILL. The next request starts a new
   * one, also while this one ends.
   *
   * @param reason - for {@link onEnd}.
   */
  kill(killTimeout: number, reason: string): Promise<void>
}
