/** One server of a transport, or one program that a transport keeps running, and its requests. */
export interface UpstreamStats {
  /**
   * `unix:/run/php-fpm.sock`, `127.0.0.1:9000`, or the program of a worker and the number of the worker:
   * `php-cgi 1`.
   */
  readonly name: string
  /**
   * Its number in this process: the same for all gateways that share it, and another for an upstream of the same name
   * in another transport. Absent if the transport has no upstreams of equal names.
   */
  readonly id?: number | undefined
  /** Process id of the worker that runs now. */
  readonly pid?: number | undefined
  /**
   * `'up'`: it takes requests. `'down'`: after a failure it gets none until a probe succeeds. `'full'`: it
   * works on as many as it takes. `'stopped'`: a worker that runs no more, or not yet; a request starts it.
   */
  readonly state: 'up' | 'down' | 'full' | 'stopped'
  /** Requests that it works on. */
  readonly busy: number
  /** Open connections without a request. */
  readonly idle: number
  /** The most requests that it works on at once. */
  readonly maxConnections: number
  /** Requests that were sent to it. */
  readonly requests: number
  /** Requests and connections that failed through its fault. */
  readonly failures: number
  /** Requests that were sent once more, to it or to another, after it had failed. */
  readonly retries: number
}
