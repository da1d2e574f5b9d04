import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { isWrittenByNode } from './node-internals.js'

/**
 * Memory for large output, lent chunk by chunk and used again. New memory for each chunk would cost more than all
 * other work on it: V8 collects garbage after every 32 MB.
 *
 * Memory goes one way. {@link MemoryLender.lend} gives a buffer to the pipe that reads a script's output; the chunk
 * read into it passes through the response body; {@link returnWritten} returns it when the response has written it.
 * A chunk that never comes back is garbage like any other. Only this file knows the conditions.
 */

/** The size of one buffer, in bytes: the most that one read returns, the capacity of a large pipe. */
export const LENT_SIZE = 512 * 1024
/** How many returned buffers are kept. */
const MAX_IDLE = 4

/** The lender of each buffer that is lent. */
const lenders = new WeakMap<ArrayBufferLike, MemoryLender>()

/**
 * Lends memory to one script's output only. If something keeps a chunk despite the conditions, it may see a later
 * part of the same response, but never another client's.
 */
export class MemoryLender {
  readonly #idle: Buffer[] = []

  lend(): Buffer {
    const memory = this.#idle.pop() ?? Buffer.allocUnsafeSlow(LENT_SIZE)
    lenders.set(memory.buffer, this)
    return memory
  }

  /** Takes back a chunk that nothing reads any more. Does nothing for a chunk that is not lent. */
  takeBack(chunk: Buffer): void {
    if (lenders.get(chunk.buffer) !== this) return
    lenders.delete(chunk.buffer)
    if (this.#idle.length < MAX_IDLE) this.#idle.push(Buffer.from(chunk.buffer))
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * Returns the memory of a body that has just been piped to a response, chunk by chunk as it is written. A chunk is
 * returned only if nothing else can have kept it:
 *
 * 1. the body has one `'data'` listener, the pipe, and no `'readable'` listener (`isShared`);
 * 2. it is still piped to this response;
 * 3. `response.write` is Node's own, not that of a middleware that watches or changes the content;
 * 4. the response is neither ended nor destroyed, so that it writes at once or in turn;
 * 5. the response is not corked: it would keep the chunk, but call back for the empty one after it;
 * 6. all write methods of its socket are Node's own, so that the chunk goes to the system;
 * 7. the write that follows the chunk has succeeded.
 */
export function returnWritten(body: Readable, response: ServerResponse): void {
  let isShared = body.listenerCount('data') !== 1 || body.listenerCount('readable') > 0
  if (isShared) return
  let lender: MemoryLender | undefined
  const before = (chunk: Buffer): void => {
    lender = lenders.get(chunk.buffer)
    if (lender !== undefined && (isShared || !isKeptByNothing(response))) lender = undefined
  }
  const after = (chunk: Buffer): void => {
    const owner = lender
    if (owner === undefined || response.writableEnded) return
    // The callback of the write after the chunk runs when the chunk has been written.
    response.write(NOTHING, (error) => {
      if (!error) owner.takeBack(chunk)
    })
  }
  body.prependListener('data', before).on('data', after)
  body.on('newListener', (event) => {
    isShared ||= event === 'data' || event === 'readable'
  })
  response.on('unpipe', (source) => {
    if (source === body) body.off('data', before).off('data', after)
  })
}

/** Conditions 3 to 6. */
function isKeptByNothing(response: ServerResponse): boolean {
  return (
    isWrittenByNode(response) &&
    !response.writableEnded &&
    !response.destroyed &&
    response.writableCorked === 0
  )
}
