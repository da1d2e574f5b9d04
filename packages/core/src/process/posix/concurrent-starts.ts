/** The size of libuv's thread pool: https://docs.libuv.org/en/v1.x/threadpool.html */
const DEFAULT_POOL_SIZE = 4

/** What decides how many processes may be started at once. */
export interface ThreadPool {
  /** `UV_THREADPOOL_SIZE` as it is now. */
  readonly size: string | undefined
  /** The same when the process was started; undefined where it was not set, or cannot be read. */
  readonly initialSize: string | undefined
  readonly processors: number
}

/**
 * How many processes may be started at once. The thread that starts one blocks until the program is loaded, so one
 * thread is left to the application. Measured on two cores with 4, 16 and 64 connections: 16 starts at once give
 * 1.02, 1.08 and 1.16 times the requests of 3, and 7 the same as 16.
 *
 * A size that the application has set itself may have come too late: with Node.js 20, libuv has its threads when
 * the first ES module runs. Many starts would then take all of them, so the processors are a limit, too.
 */
export function maxConcurrentStarts({ size, initialSize, processors }: ThreadPool): number {
  const threads = Number(size) || DEFAULT_POOL_SIZE
  const most = size !== undefined && size === initialSize ? 16 : processors + 1
  return Math.max(1, Math.min(most, threads - 1))
}

/** The value of `UV_THREADPOOL_SIZE` in the environment that a process was started with: see proc(5). */
export function initialSizeIn(environ: string): string | undefined {
  const name = 'UV_THREADPOOL_SIZE='
  return environ
    .split('\0')
    .find((variable) => variable.startsWith(name))
    ?.slice(name.length)
}
