import type { FastifyReply } from 'fastify'
import { STATUS_CODES } from 'node:http'

/** Sends a status with its standard reason phrase as plain text, such as `404 Not Found`. */
export function sendStatus(reply: FastifyReply, status: number): FastifyReply {
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(`${status} ${STATUS_CODES[status] ?? 'Error'}\n`)
}
