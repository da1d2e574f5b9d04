import type { FastifyInstance, preParsingHookHandler } from 'fastify'
import { METHODS } from 'node:http'

/** The body goes to the script as it was sent; the parsers of the application around stay. */
export function passBodiesThrough(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (_request, payload, done) => done(null, payload))
}

/** Every method that reaches a handler; Fastify has to be told of the rarer ones. */
export function addMethods(fastify: FastifyInstance): string[] {
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of methods) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  return methods
}

/** Fastify answers 415 to a Content-Type it cannot read, but that is for the script to say. */
export const acceptAnyContentType: preParsingHookHandler = (request, _reply, payload, done) => {
  if (request.mediaType === undefined) delete request.raw.headers['content-type']
  done(null, payload)
}
