/**
 * Calls a function of the application, which may be async although none is asked for: its rejection would
 * end the process. Never throws.
 */
export function attempt(act: () => unknown, fail: (thrown: unknown) => void): void {
  try {
    const result = act()
    if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(fail)
  } catch (thrown) {
    fail(thrown)
  }
}

/** Returns the result of a function of the application. @throws {TypeError} for a promise. */
export function synchronous<Result>(result: Result): Result {
  if (typeof result !== 'object' || result === null || !('then' in result)) return result
  // A rejection without a handler ends the process.
  attempt(
    () => result,
    () => {},
  )
  throw new TypeError('a synchronous method returned a promise')
}
