/** A thrown value as text. Never throws, although `String()` does for some objects. */
export function describeThrown(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'a value that cannot be converted to text'
  }
}

/** A thrown value as an error. Never throws. */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown
  } catch {
    // A revoked proxy.
  }
  return new Error(describeThrown(thrown))
}
