import { CgiError, createErrorPage } from '@common-gateway/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'

/**
 * Explains failures of scripts where Fastify itself answers them. That is seen by what is sent:
 * `onError` is called before an error handler of the application has had its turn.
 */
export function showErrorPage(fastify: FastifyInstance): void {
  const errors = new WeakMap<FastifyRequest, CgiError>()
  fastify.addHook('onError', async (request, _reply, error) => {
    if (error instanceof CgiError) errors.set(request, error)
  })
  fastify.addHook('onSend', async (request, reply, payload) => {
    const error = errors.get(request)
    if (error === undefined || payload !== serialize(error)) return payload
    const page = createErrorPage(error, request.headers.accept)
    if (page === null) return payload
    reply.headers(page.headers)
    return page.body
  })
}

/** What Fastify's own handler sends for an error. */
function serialize({ statusCode, code, message }: CgiError): string {
  return JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
}
