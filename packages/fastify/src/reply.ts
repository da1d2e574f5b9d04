import { type CgiResponse, groupByName, prepareResponse } from '@common-gateway/core'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** Sends what a script has answered through Fastify, so that its hooks see it. */
export async function sendReply(
  { status, reason, headers, body }: CgiResponse,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.code(status)
  if (request.raw.httpVersionMajor < 2) reply.raw.statusMessage = reason
  for (const [name, values] of groupByName(headers, request.raw)) {
    // Fastify keeps header fields in a plain object, which takes this name for something else.
    if (name !== '__proto__') reply.header(name, values.length === 1 ? values[0] : values)
  }
  prepareResponse(body, request.raw, reply.raw)
  if (Buffer.isBuffer(body) && hasPlainType(reply)) {
    reply.send(body)
    return
  }
  const stream = Buffer.isBuffer(body) ? Readable.from([body]) : body
  // Fastify ends a 204 at once, but the script may still be reading what the client sends.
  if (stream !== null && status === 204) await finished(stream.resume())
  // Not null: to Fastify, null is a JSON document.
  reply.send(status === 204 ? undefined : (stream ?? undefined))
}

/** Fastify gives bytes another type where it cannot read theirs; a stream it leaves as it is. */
function hasPlainType(reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type')
  return typeof type === 'string' && /^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/.test(type)
}
