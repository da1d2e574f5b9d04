import type { ClientSignal, ScriptExit } from '@common-gateway/core/transport'
import type { Address } from '../connection/address.js'

/** One program that stays, and where it listens. */
export interface ManagedWorker {
  /** `php-cgi 1`. */
  readonly name: string
  readonly address: Address
  /** Undefined while it does not run. */
  readonly pid: number | undefined
  /** Whether it can take a request now, or could by a start; false while a restart is delayed or it is drained. */
  readonly isAvailable: boolean
  /** How the process that runs now ends. */
  readonly exit: Promise<ScriptExit>
  /** Called when `isAvailable` may have become true. */
  onAvailable: () => void
  /**
   * Starts it where it does not run; resolves when it has been started.
   *
   * @throws {CgiError} CGI_ERR_SPAWN, CGI_ERR_NO_RESOURCES; CGI_ERR_NO_UPSTREAM with the exit and the last standard error
   *   of one that ends at once.
   */
  ready(signal?: ClientSignal): Promise<void>
  /** A request on it has ended. */
  finished(): void
  /** Ends it and what it has started: SIGTERM, after `killTimeout` SIGKILL. A new one is started on demand. */
  kill(killTimeout: number): Promise<void>
}
