/**
 * Calls what an application has given, which may also be an async function where none is asked for: its
 * rejection would end the process. Never throws.
 */
export function attempt(act: () => unknown, fail: (thrown: unknown) => void): void {
  try {
    const result = act()
    if (typeof result === 'object' && result !== null) Promise.resolve(result).catch(fail)
  } catch (thrown) {
    fail(thrown)
  }
}
