import type { Test } from 'tap'
import type { Adapter } from '../support/adapters.js'

/** `t.test()` for the framing of HTTP/1.1, byte by byte. HTTP/2 has no such case, and a suite of its own. */
export function http1TestOf(
  adapter: Adapter,
): (
  t: Test,
  name: string,
  body: (t: Test) => Promise<void>,
  options?: { buffered: boolean },
) => void {
  return (t, name, body, options = { buffered: false }) => {
    if (adapter.httpVersion === 1) void t.test(name, options, body)
  }
}
