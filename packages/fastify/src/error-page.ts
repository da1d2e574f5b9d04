import { CgiError, createErrorPage } from '@common-gateway/core'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'

/**
 * Sends a page that explains a script's failure if Fastify's own error handler answers. `onError` hooks run before
 * the application's error handler, so the payload shows which of the two has answered.
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

/** The payload of Fastify's own error handler. */
function serialize({ statusCode, code, message }: CgiError): string {
  return JSON.stringify({ statusCode, code, error: STATUS_CODES[statusCode], message })
}
