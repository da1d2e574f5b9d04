import type { Connection } from '../connection/connection.js'

/** The kept connections of an upstream that carry no request. */
export class IdleConnections {
  readonly #timeout: number
  /** The one that was used last is at the end. */
  readonly #connections = new Map<Connection, NodeJS.Timeout | undefined>()

  /** @param timeout - how long each is kept, in milliseconds; 0: as long as the application keeps it. */
  constructor(timeout: number) {
    this.#timeout = timeout
  }

  get size(): number {
    return this.#connections.size
  }

  /** Keeps a connection. */
  add(connection: Connection): void {
    const timer =
      this.#timeout === 0 ? undefined : setTimeout(this.#close, this.#timeout, connection)
    timer?.unref()
    this.#connections.set(connection, timer)
    connection.onIdleEnd = () => this.#remove(connection)
    if (!connection.isOpen) this.#remove(connection)
  }

  /** The connection that was used last; the application has had the least time to close it. */
  take(): Connection | undefined {
    let last: Connection | undefined
    for (const connection of this.#connections.keys()) last = connection
    if (last !== undefined) this.#remove(last)
    return last
  }

  /** Closes the oldest. */
  closeOne(): void {
    const [oldest] = this.#connections.keys()
    if (oldest !== undefined) this.#close(oldest)
  }

  closeAll(): void {
    for (const connection of this.#connections.keys()) this.#close(connection)
  }

  readonly #close = (connection: Connection): void => {
    this.#remove(connection)
    connection.destroy()
  }

  #remove(connection: Connection): void {
    clearTimeout(this.#connections.get(connection))
    this.#connections.delete(connection)
    connection.onIdleEnd = () => {}
  }
}
