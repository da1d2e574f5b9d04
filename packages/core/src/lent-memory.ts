/** How much is lent at once, in bytes: the most that is read in one go, all that a large pipe holds. */
export const LENT_SIZE = 512 * 1024
/** How much is kept for the next who asks, in pieces of that size. */
const MOST_IDLE = 8

const idle: Buffer[] = []
/** Memory that has been lent, and has not come back. */
const lent = new WeakSet<ArrayBufferLike>()

/**
 * Lends memory for one large chunk. New memory for each would cost more than all else that is done with
 * the chunk: V8 collects garbage after every 32 MB of it. Whoever has the last of the chunk gives it back;
 * what never comes back is garbage like any other.
 */
export function lendMemory(): Buffer {
  const memory = idle.pop() ?? Buffer.allocUnsafeSlow(LENT_SIZE)
  lent.add(memory.buffer)
  return memory
}

/**
 * Takes back the memory of a chunk that nobody is going to look at again: its bytes will be others. Does
 * nothing where the memory is not lent.
 */
export function giveBack(chunk: Buffer): void {
  if (lent.delete(chunk.buffer) && idle.length < MOST_IDLE) idle.push(Buffer.from(chunk.buffer))
}

/** Whether the memory of a chunk is lent. */
export function isLent(chunk: Buffer): boolean {
  return lent.has(chunk.buffer)
}
