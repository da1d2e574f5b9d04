import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { isWrittenByNode } from './node-internals.js'

/**
 * Memory for large output, lent chunk by chunk and used again. New memory for each chunk would cost more
 * than all else that is done with it: V8 collects garbage after every 32 MB.
 *
 * Memory goes one way: {@link MemoryLender.lend} gives it to the pipe that reads a script's output, the
 * chunk read to it passes through the response body, and {@link giveBackWritten} has it back when the
 * response has written it. What never comes back is garbage like any other. All that knows of it is in
 * this file.
 */

/** How much is lent at once, in bytes: the most that is read in one go, all that a large pipe holds. */
export const LENT_SIZE = 512 * 1024
/** How much of what came back is kept, in pieces of that size. */
const MOST_IDLE = 4

/** Whose the memory is that has been lent, and has not come back. */
const lenders = new WeakMap<ArrayBufferLike, MemoryLender>()

/**
 * Lends memory to one script's output, and to no other: a chunk that something has kept against all
 * precautions can turn into a later part of the same answer, and never into another client's.
 */
export class MemoryLender {
  readonly #idle: Buffer[] = []

  lend(): Buffer {
    const memory = this.#idle.pop() ?? Buffer.allocUnsafeSlow(LENT_SIZE)
    lenders.set(memory.buffer, this)
    return memory
  }

  /** Takes back what nothing is going to read again. Does nothing where it is not lent, or is back. */
  takeBack(chunk: Buffer): void {
    if (lenders.get(chunk.buffer) !== this) return
    lenders.delete(chunk.buffer)
    if (this.#idle.length < MOST_IDLE) this.#idle.push(Buffer.from(chunk.buffer))
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * Gives the memory of a body back that has just been piped to a response, chunk by chunk as it is written.
 * A chunk comes back only if nothing else may have kept it:
 *
 * 1. the body has one listener, the pipe, and is not read in another way (`isShared`);
 * 2. it is still piped to this response;
 * 3. `response.write` is Node's own, and not that of something that watches or changes what is sent;
 * 4. the response is neither ended nor destroyed, so that it writes at once or in turn;
 * 5. it is not corked: it would keep the chunk, but say that it has written what is empty;
 * 6. its socket is Node's own in all its ways to write, so that the chunk goes to the system;
 * 7. the write that follows the chunk has succeeded.
 */
export function giveBackWritten(body: Readable, response: ServerResponse): void {
  let isShared = body.listenerCount('data') !== 1 || body.listenerCount('readable') > 0
  if (isShared) return
  let lender: MemoryLender | undefined
  const before = (chunk: Buffer): void => {
    lender = lenders.get(chunk.buffer)
    if (lender !== undefined && (isShared || !keepsNothing(response))) lender = undefined
  }
  const after = (chunk: Buffer): void => {
    const owner = lender
    if (owner === undefined || response.writableEnded) return
    // What is written after the chunk says when the chunk has been.
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
function keepsNothing(response: ServerResponse): boolean {
  return (
    isWrittenByNode(response) &&
    !response.writableEnded &&
    !response.destroyed &&
    response.writableCorked === 0
  )
}
