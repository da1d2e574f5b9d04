/** The end of a process follows the end of its connection: how long it is waited for, in milliseconds. */
export const EXIT_AFTER_CONNECTION = 500

/**
 * From SIGTERM to SIGKILL of a worker whose request was given up, in milliseconds, unless `killTimeout` is shorter:
 * php-cgi ignores SIGTERM while a script runs, and was asked to abort the request before.
 */
export const LONGEST_WORKER_END = 1_000

/** Waits for a result. Undefined where it takes longer. */
export async function within<Result>(
  promise: Promise<Result> | undefined,
  milliseconds: number,
): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, milliseconds, undefined)
  })
  try {
    return await Promise.race([promise ?? timeout, timeout])
  } finally {
    clearTimeout(timer)
  }
}
