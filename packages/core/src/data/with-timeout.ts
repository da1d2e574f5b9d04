/** Waits for a promise for at most `milliseconds`; undefined on timeout. */
export async function withTimeout<Result>(
  promise: Promise<Result>,
  milliseconds: number,
): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    // One more turn of the event loop: after a stall, the timer fires before the events that have arrived.
    timer = setTimeout(() => setImmediate(resolve, undefined), milliseconds)
  })
  try {
    return await Promise.race([promise, timeout])
  } finally {
    clearTimeout(timer)
  }
}
