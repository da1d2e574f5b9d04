import type { Exchange } from '@common-gateway/core/adapter'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Shared by all copies of this package: two of them may serve the same scope. */
const EXCHANGE = Symbol.for('common-gateway.fastify-exchange')

interface ScriptRequest extends FastifyRequest {
  [EXCHANGE]?: Pick<Exchange, 'run'> | null
}

/** Adds `request.cgi` to a scope, unless another gateway has. Its message is made when it is read. */
export function decorateRequests(fastify: FastifyInstance): void {
  if (fastify.hasRequestDecorator(EXCHANGE)) return
  if (fastify.hasRequestDecorator('cgi'))
    throw new Error('The request decorator `cgi` exists and does not belong to this plugin')
  fastify.decorateRequest(EXCHANGE, null)
  fastify.decorateRequest('cgi', {
    getter(this: ScriptRequest) {
      return this[EXCHANGE]?.run ?? null
    },
    // A scope within may have had a decorator of this name before: Fastify assigns its value to each request.
    setter(this: ScriptRequest, value: unknown) {
      const own = { configurable: true, enumerable: true, writable: true, value }
      Object.defineProperty(this, 'cgi', own)
    },
  })
}

/** Makes a request show the run of an exchange. */
export function keepExchange<Kept extends Exchange<FastifyRequest>>(
  request: ScriptRequest,
  exchange: Kept,
): Kept {
  request[EXCHANGE] = exchange
  return exchange
}
