import type { FastifyReply, FastifyRequest } from 'fastify'
import { refusalOf } from './access.js'

/** Header fields of every response of the command's own pages. */
export const HEADERS = {
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
}

/** A hook that refuses clients that are not on this machine. */
export function refuseOthers(request: FastifyRequest, reply: FastifyReply, done: () => void): void {
  const refusal = refusalOf(request.raw)
  if (refusal === null) done()
  else if (refusal.status === 404) reply.callNotFound()
  else {
    const text = `This page is not shown here. ${refusal.reason}\n`
    reply.code(403).headers(HEADERS).type('text/plain; charset=utf-8').send(text)
  }
}
