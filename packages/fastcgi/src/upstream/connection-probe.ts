import type { Address } from '../connection/address.js'
import { connect } from '../connection/connect.js'
import type { Connection } from '../connection/connection.js'

/** How long a connection that was made as a probe waits for a request, in milliseconds. */
const SPARE_TIMEOUT = 1_000

/** Finds out whether an upstream can be reached. The next request has the connection. */
export class ConnectionProbe {
  isRunning = false
  #spare: Connection | undefined
  #end = new AbortController()

  /**
   * @param timeout - in milliseconds; 0: no limit.
   * @throws {Error} of the system; with the code `ABORT_ERR` after {@link close}.
   */
  async run(address: Address, timeout: number): Promise<void> {
    const { signal } = this.#end
    this.isRunning = true
    try {
      const connection = await connect(address, { timeout, signal })
      this.#keep(connection)
      if (signal.aborted) this.#closeSpare()
    } finally {
      this.isRunning = false
    }
  }

  /** The connection, if it is still open. */
  take(): Connection | undefined {
    const spare = this.#spare
    this.#spare = undefined
    return spare?.isOpen ? spare : undefined
  }

  /** Ends a probe, and closes its connection. */
  close(): void {
    this.#end.abort()
    this.#end = new AbortController()
    this.#closeSpare()
  }

  #keep(connection: Connection): void {
    this.#spare = connection
    connection.release()
    connection.onIdleEnd = () => this.take()
    setTimeout(() => {
      if (this.#spare === connection) this.#closeSpare()
    }, SPARE_TIMEOUT).unref()
  }

  #closeSpare(): void {
    this.take()?.destroy()
  }
}
