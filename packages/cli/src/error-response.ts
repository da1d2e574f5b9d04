import { createErrorPage } from '@common-gateway/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'

/** What is read of an error, be it the gateway's, Fastify's or one of Node's own. */
interface Failure extends Error {
  readonly statusCode?: number
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Answers with the status of an error and its standard name, and with nothing of this machine; in
 * development, where it is a script that failed, with all that is known of it. The reason goes to the
 * log where the site's owner is the one who can do something about it.
 */
export function sendError(error: Failure, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode = 500, headers = {} } = error
  if (statusCode >= 500 || error.reason !== undefined) {
    request.log.error({ err: error }, error.message)
  }
  const isDevelopment = process.env['NODE_ENV'] !== 'production'
  const page = isDevelopment ? createErrorPage(error, request.headers.accept) : null
  if (page === null) sendStatus(reply.headers(headers), statusCode)
  else reply.code(statusCode).headers(headers).headers(page.headers).send(page.body)
}

/** Answers for what is not there. */
export function sendNotFound(_request: FastifyRequest, reply: FastifyReply): void {
  sendStatus(reply, 404)
}

function sendStatus(reply: FastifyReply, status: number): void {
  reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(`${status} ${STATUS_CODES[status] ?? 'Error'}\n`)
}
