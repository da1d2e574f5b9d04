import { test, type TestContext } from 'node:test'
import type { Adapter } from '../adapters.js'

/**
 * `test()` for what is about the framing of HTTP/1.1 and spoken byte by byte; over HTTP/2 there is no
 * such case, and the suite of HTTP/2 has its own.
 */
export function http1TestOf(
  adapter: Adapter,
): (name: string, body: (t: TestContext) => Promise<void>) => void {
  return (name, body) => {
    if (adapter.httpVersion === 1) void test(name, body)
  }
}
