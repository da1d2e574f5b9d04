import type { Exchange, ExchangeEnd } from '../connection/exchange.js'
import type { ManagedWorker } from '../workers/managed-worker.js'

/** The end of a process follows the end of its connection: how long it is waited for, in milliseconds. */
export const EXIT_AFTER_CONNECTION = 500

/**
 * From SIGTERM to SIGKILL of a worker whose request was given up, in milliseconds, unless `killTimeout` is shorter:
 * php-cgi ignores SIGTERM while a script runs, and was asked to abort the request before.
 */
export const LONGEST_WORKER_END = 1_000

/**
 * How long an application may take to end an aborted request, in milliseconds: a part of `killTimeout`, but not more.
 * php-cgi, which ignores the abort, ends most requests within that time, and takes about as long to start and compile again.
 */
const LONGEST_ABORT = 200
const SHORTEST_ABORT = 20
const ABORT_PART = 10
/** How long a program may take to load where its first client has left, in milliseconds. */
const LONGEST_LOAD = 10_000

/**
 * Waits for the end of a request that was aborted. Undefined where the application goes on with it.
 *
 * A program that is still being loaded has not seen the request: clients that leave meanwhile would have it ended and
 * loaded again, each time.
 */
export async function waitForAbort(
  exchange: Pick<Exchange, 'end'>,
  worker: Pick<ManagedWorker, 'isLoading'> | undefined,
  killTimeout: number,
): Promise<ExchangeEnd | undefined> {
  // The gateway gives a request up that takes longer than `killTimeout` and a second to end.
  const deadline = performance.now() + Math.min(LONGEST_LOAD, killTimeout / 2)
  const patience = Math.max(Math.min(LONGEST_ABORT, killTimeout / ABORT_PART), SHORTEST_ABORT)
  // A worker that finishes loading during the wait sees the abort late, so it gets the whole patience once more.
  let wasLoading: boolean
  do {
    wasLoading = worker?.isLoading === true
    const end = await within(exchange.end, patience)
    if (end !== undefined) return end
  } while (wasLoading && performance.now() < deadline)
  return undefined
}

/** Waits for a result. Undefined where it takes longer. */
export async function within<Result>(
  promise: Promise<Result>,
  milliseconds: number,
): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
