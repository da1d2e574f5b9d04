import { CgiError } from '@common-gateway/core'
import type { FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify'
import { METHODS } from 'node:http'
import { PassThrough, pipeline, Readable } from 'node:stream'

/** Passes bodies to the script as they were sent. The application's own scopes keep their parsers. */
export function passBodiesThrough(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers()
  fastify.addContentTypeParser('*', (_request, payload, done) => {
    hold(payload)
    done(null, payload)
  })
}

/** Pauses a body that flows because a hook listens to it: bytes that come before the script starts would be lost. */
function hold(payload: unknown): void {
  if (payload instanceof Readable && payload.readableFlowing === true) payload.pause()
}

/** Adds the methods that Fastify does not support by default. Returns all that can reach a handler. */
export function addMethods(fastify: FastifyInstance): string[] {
  const methods = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of methods) {
    if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method, { hasBody: true })
  }
  return methods
}

/** Replacements, set by hooks, of bodies that Fastify does not parse, such as that of a GET. */
const replaced = new WeakMap<FastifyRequest, unknown>()

/** Fastify answers 415 to an invalid Content-Type, but the script decides about it. */
export const acceptAnyContentType: preParsingHookHandler = (request, _reply, payload, done) => {
  if (request.mediaType === undefined) delete request.raw.headers['content-type']
  if (payload !== request.raw) {
    replaced.set(request, payload)
    // It may fail before the script reads it; the stream keeps its error until then.
    if (payload instanceof Readable) payload.on('error', () => {})
  }
  // The parser above does not see bodies that Fastify does not parse.
  hold(payload)
  done(null, payload)
}

/** The body that preParsing hooks have replaced the sent one with; undefined if they have not. */
export function replacedBodyOf(request: FastifyRequest): Readable | undefined {
  // The parser above makes the payload the body.
  const payload = request.body ?? replaced.get(request)
  if (payload === request.raw || !(payload instanceof Readable)) return undefined
  const isOfBytes = !payload.readableObjectMode && payload.readableEncoding === null
  // A stream made from a generator, for example, is in object mode, but a script reads bytes.
  return isOfBytes ? payload : pipeline(payload, new PassThrough(), () => {})
}

/**
 * The error to hand to the error handler. A hook's stream fails with an error of the application, which is passed
 * on. Its status is 400 unless the error has one, as where Fastify reads the stream itself.
 */
export function ownError(error: unknown): unknown {
  if (!(error instanceof CgiError) || error.code !== 'CGI_ERR_BODY_FAILED') return error
  const { cause } = error
  if (!(cause instanceof Error)) return cause
  if ('statusCode' in cause && Number(cause.statusCode) >= 400) return cause
  return Object.assign(new Error(cause.message, { cause }), { statusCode: 400 })
}
