import { CgiError, type ClientSignal } from '@common-gateway/core/transport'
import type { ConnectOptions } from '../connection/connect.js'
import type { Connection } from '../connection/connection.js'
import type { FailedAttempt } from './place-queue.js'
import type { Upstream } from './upstream.js'
import { toConnectError } from './upstream-error.js'
import type { UpstreamGroup } from './upstream-group.js'

/** A place on an upstream, and a connection to it. */
export interface Placement {
  readonly upstream: Upstream
  readonly connection: Connection
  /** Whether it has carried a request before. */
  readonly isReused: boolean
}

/** A request that needs a place. Times are in milliseconds. */
export interface PlacementCall {
  readonly signal: ClientSignal | undefined
  /** When the request came, by `performance.now()`. */
  readonly arrival: number
  /** How long it may still wait in the queue; `Infinity`: without a limit. */
  readonly queueTimeLeft: number
  /** Whether a connection will do that the application may be closing. */
  readonly mayReuse: boolean
  /** 0: no limit. */
  readonly connectTimeout: number
  /** The upstream that has lost the request and may lose it again; undefined: none. */
  readonly lostBy: Upstream | undefined
}

/**
 * Takes a place on an upstream, connects to it, and sends the request. Where the connection fails, nothing has been sent:
 * it costs nothing to try the next upstream, or the same when it is up again.
 *
 * @param send - has the place afterwards; where it throws, it has closed the connection.
 * @throws {CgiError} where no upstream can be reached within `connectTimeout`, or none is free within `queueTimeLeft`; that
 *   of `send`.
 */
export async function placeRequest(
  group: UpstreamGroup,
  { signal, arrival, queueTimeLeft, mayReuse, connectTimeout, lostBy }: PlacementCall,
  send: (placement: Placement, options: ConnectOptions) => Promise<void> | undefined,
): Promise<void> {
  const start = performance.now()
  const queueDeadline = start + queueTimeLeft
  const patience = connectTimeout || Number.POSITIVE_INFINITY
  let connectDeadline = start + patience
  let timeout = connectTimeout
  let failed: FailedAttempt | undefined
  for (;;) {
    const search = { signal, arrival, start, queueDeadline, connectDeadline, failed, lostBy }
    const upstream = await group.enter(search)
    const attempt = performance.now()
    try {
      const { connection, isReused } = await upstream.open({ mayReuse, timeout, signal })
      const sending = send({ upstream, connection, isReused }, { timeout, signal })
      if (sending !== undefined) await sending
      return
    } catch (error) {
      failed = { upstream, error }
      const isFull = upstream.isFull(error, attempt)
      if (isFull) upstream.limitToBusy()
      else if (!signal?.aborted && !isOfRequest(error)) {
        group.balancer.fail(upstream, upstream.failureOf(error), error)
      }
      group.leave(upstream, false)
      const isLast = attempt >= connectDeadline && !isFull
      if (isLast || signal?.aborted || error instanceof CgiError) {
        throw toStartError(upstream, error)
      }
      if (isFull) connectDeadline = performance.now() + patience
      else timeout = connectTimeout / 2
    }
  }
}

/** Whether it is the fault of the request, such as a variable that is too large. */
function isOfRequest(error: unknown): boolean {
  return error instanceof CgiError && error.statusCode < 500
}

function toStartError(upstream: Upstream, error: unknown): CgiError {
  return error instanceof CgiError
    ? error.add({ upstream: upstream.name })
    : toConnectError(upstream, error)
}
