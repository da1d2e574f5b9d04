/** Anything that was thrown, as text. Never throws: an object may have no text, or refuse to be looked at. */
export function describeThrown(thrown: unknown): string {
  try {
    return String(thrown)
  } catch {
    return 'something that has no text'
  }
}

/** Anything that was thrown, as an error. Never throws. */
export function toError(thrown: unknown): Error {
  try {
    if (thrown instanceof Error) return thrown
  } catch {
    // A proxy that has been revoked.
  }
  return new Error(describeThrown(thrown))
}
