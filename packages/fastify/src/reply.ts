import type { CgiResponse } from '@common-gateway/core'
import type { Exchange, FieldTarget } from '@common-gateway/core/adapter'
import type {
  FastifyReply,
  FastifyRequest,
  onErrorAsyncHookHandler,
  onSendHookHandler,
} from 'fastify'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

/** On the reply itself: V8 keeps what is in a WeakMap until a full collection. */
const EXCHANGE = Symbol('common-gateway.exchange')

interface ScriptReply extends FastifyReply {
  [EXCHANGE]?: Exchange<FastifyRequest>
}

/** Sends what a script has answered through Fastify, so that its hooks see it. */
export async function sendReply(
  answer: CgiResponse,
  exchange: Exchange<FastifyRequest>,
  reply: ScriptReply,
): Promise<void> {
  if (reply.sent || reply.raw.headersSent) {
    // A hook of the application has answered, for example after a time-out of its own.
    exchange.discard(answer)
    return
  }
  const { status, body } = answer
  reply.code(status)
  reply[EXCHANGE] = exchange
  exchange.prepare(answer, fieldsOf(reply))
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

/**
 * Puts the script's part back into lists that a hook of the application has overwritten after the script
 * answered. Runs after the hooks of the scopes around.
 */
export const keepLists: onSendHookHandler = (_request, reply: ScriptReply, payload, done) => {
  reply[EXCHANGE]?.restoreLists(fieldsOf(reply))
  done(null, payload)
}

/** An error in the place of a script's response. Fastify itself takes away the type and the length only. */
export const clearReply: onErrorAsyncHookHandler = async (_request, reply: ScriptReply) => {
  reply[EXCHANGE]?.withdraw(reply)
}

/** The fields of a reply, together with those that a middleware of Express has set on the response itself. */
function fieldsOf(reply: FastifyReply): FieldTarget {
  return {
    getHeader(name) {
      if (name === 'set-cookie') takeCookies(reply)
      const held = name === 'set-cookie' ? [] : [reply.raw.getHeader(name)]
      return [...held, reply.getHeader(name)]
        .flat()
        .flatMap((value) => (value === undefined ? [] : [String(value)]))
    },
    setHeader(name, value) {
      // Fastify keeps header fields in a plain object, which takes this name for something else.
      if (name === '__proto__') return
      // reply.header() would add to the cookies that are among the new ones already.
      if (name === 'set-cookie') reply.removeHeader(name)
      reply.header(name, Array.isArray(value) && value.length === 1 ? value[0] : value)
    },
  }
}

/** Moves the cookies of a middleware to the reply: its Set-Cookie would take their place. */
function takeCookies(reply: FastifyReply): void {
  const cookies = reply.raw.getHeader('set-cookie')
  if (cookies === undefined) return
  reply.header('set-cookie', cookies)
  reply.raw.removeHeader('set-cookie')
}

/** Fastify gives bytes another type where it cannot read theirs; a stream it sends as it is. */
function hasPlainType(reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type')
  return typeof type === 'string' && /^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/.test(type)
}
