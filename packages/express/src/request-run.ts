import type { CgiRun } from '@common-gateway/core'
import type { Exchange } from '@common-gateway/core/adapter'
import type { IncomingMessage } from 'node:http'

/** Shared by all copies of this package: two of them may get the same request. */
const EXCHANGE = Symbol.for('common-gateway.express-exchange')

interface ScriptRequest extends IncomingMessage {
  [EXCHANGE]?: Pick<Exchange, 'run'> | null
}

/** All requests share the getter. It is not enumerable, so that a logged request does not contain the run. */
const PROPERTY = {
  configurable: true,
  get(this: ScriptRequest): CgiRun | null {
    return this[EXCHANGE]?.run ?? null
  },
  /** A property of the application's own takes its place. */
  set(this: ScriptRequest, value: unknown): void {
    const own = { configurable: true, enumerable: true, writable: true, value }
    Object.defineProperty(this, 'cgi', own)
  },
}

/**
 * Makes a request show the run of an exchange as `request.cgi`; null: no run. Its message is made when it is read. A
 * property of that name which the application has stays.
 */
export function showRun(request: ScriptRequest, exchange: Pick<Exchange, 'run'> | null): void {
  if (EXCHANGE in request) {
    request[EXCHANGE] = exchange
    return
  }
  if ('cgi' in request) return
  Object.defineProperty(request, EXCHANGE, { value: exchange, writable: true })
  Object.defineProperty(request, 'cgi', PROPERTY)
}
