import type { CgiResponse } from '@common-gateway/core'
import { groupByName, isList, prepareResponse, uniteLists } from '@common-gateway/core/adapter'
import type { FastifyReply, FastifyRequest, onSendHookHandler } from 'fastify'
import { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'

type List = readonly [name: string, values: readonly string[]]

/**
 * The fields of a script's answer that are lists. On the reply itself: V8 keeps what is in a WeakMap until a
 * full collection.
 */
const LISTS = Symbol('common-gateway.lists')

interface ListingReply extends FastifyReply {
  [LISTS]?: List[]
}

/** Sends what a script has answered through Fastify, so that its hooks see it. */
export async function sendReply(
  { status, reason, headers, body }: CgiResponse,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  reply.code(status)
  if (request.raw.httpVersionMajor < 2) reply.raw.statusMessage = reason
  for (const [name, values] of groupByName(headers, request.raw)) {
    if (name === 'set-cookie') takeCookies(reply)
    if (isList(name)) setList(reply, name, values)
    // Fastify keeps header fields in a plain object, which takes this name for something else.
    else if (name !== '__proto__') reply.header(name, values.length === 1 ? values[0] : values)
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

/**
 * Puts the script's part back into lists that a hook of the application has overwritten, where the script's
 * answer was there before the hook was. Runs after the hooks of the scopes around.
 */
export const keepLists: onSendHookHandler = (_request, reply: ListingReply, payload, done) => {
  for (const [name, values] of reply[LISTS] ?? NONE) {
    const united = uniteLists(name, heldBy(reply, name), values)
    if (united !== null) reply.header(name, united)
  }
  done(null, payload)
}

const NONE: readonly List[] = []

function setList(reply: ListingReply, name: string, values: string[]): void {
  reply[LISTS] ??= []
  reply[LISTS].push([name, values])
  const united = uniteLists(name, heldBy(reply, name), values)
  reply.header(name, united ?? (values.length === 1 ? values[0] : values))
}

/** What a list holds, set by Fastify, or by a middleware of Express on the response itself. */
function heldBy(reply: FastifyReply, name: string): string[] {
  const held = [reply.raw.getHeader(name), reply.getHeader(name)]
  return held.flat().flatMap((value) => (value === undefined ? [] : [String(value)]))
}

/** Fastify's Set-Cookie would take the place of that which a middleware has set on the response itself. */
function takeCookies(reply: FastifyReply): void {
  const cookies = reply.raw.getHeader('set-cookie')
  if (cookies === undefined) return
  reply.header('set-cookie', cookies)
  reply.raw.removeHeader('set-cookie')
}

/** Fastify gives bytes another type where it cannot read theirs; a stream it leaves as it is. */
function hasPlainType(reply: FastifyReply): boolean {
  const type = reply.getHeader('content-type')
  return typeof type === 'string' && /^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/.test(type)
}
