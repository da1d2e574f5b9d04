import { CgiError } from '@common-gateway/core'
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { METHODS } from 'node:http'
import { PassThrough, pipeline, Readable } from 'node:stream'

/** The body goes to the script as it was sent; the parsers of the application around stay. */
export function passBodiesThrough(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    hold(payload)
    done(null, payload)
  })
}

/** Where a hook listens to a body, too, it flows: what came before the script is there would be lost. */
function hold(payload: unknown): void {
  if (payload instanceof Readable && payload.readableFlowing === true) payload.pause()
}

/** Every method that reaches a handler; Fastify has to be told of the rarer ones. */
export function addMethods(fastify: FastifyInstance): string[] {
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of methods) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  return methods
}

/** What hooks have put in the place of bodies that Fastify does not parse, such as that of a GET. */
const replaced = new WeakMap<FastifyRequest, unknown>()

/** Fastify answers 415 to a Content-Type it cannot read, but that is for the script to say. */
export const acceptAnyContentType: preParsingHookHandler = (request, _reply, payload, done) => {
  if (request.mediaType === undefined) delete request.raw.headers['content-type']
  if (payload !== request.raw) {
    replaced.set(request, payload)
    // It may fail before the script is there to read it; the stream keeps its error for then.
    if (payload instanceof Readable) payload.on('error', () => {})
  }
  // What Fastify does not parse does not come to the parser above.
  hold(payload)
  done(null, payload)
}

/** The body that preParsing hooks have put in the place of the one that was sent; undefined: none. */
export function replacedBodyOf(request: FastifyRequest): Readable | undefined {
  // The parser above makes the payload the body.
  const payload = request.body ?? replaced.get(request)
  if (payload === request.raw || !(payload instanceof Readable)) return undefined
  const isOfBytes = !payload.readableObjectMode && payload.readableEncoding === null
  // What has been made of a generator, for example, is not: a script is given bytes.
  return isOfBytes ? payload : pipeline(payload, new PassThrough(), () => {})
}

/**
 * The stream of a hook fails with an error of the application, which is for its error handler. As where
 * Fastify reads the stream itself, it is the request that is not valid, unless the error says otherwise.
 */
export function ownError(error: unknown): unknown {
  if (!(error instanceof CgiError) || error.code !== 'CGI_ERR_BODY_FAILED') return error
  const { cause } = error
  if (!(cause instanceof Error)) return cause
  if ('statusCode' in cause && Number(cause.statusCode) >= 400) return cause
  return Object.assign(new Error(cause.message, { cause }), { statusCode: 400 })
}
