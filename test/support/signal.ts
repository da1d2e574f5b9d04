import type { Test } from 'tap'

/** A signal that is aborted at the end of a test, so that a program it has started ends with it. */
export function signalOf(t: Test): AbortSignal {
  const controller = new AbortController()
  t.after(() => controller.abort())
  return controller.signal
}
