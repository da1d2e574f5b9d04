import { AsyncResource } from 'node:async_hooks'
import type { Readable } from 'node:stream'
import type { MessagePort } from 'node:worker_threads'
import { isReadByNode } from './node-internals.js'

/**
 * The memory of large request bodies, which is freed chunk by chunk. Node.js copies each chunk of a body into new
 * memory, and V8 frees that after some 30 MB of it. Each page that the system has to find and to clear costs more than
 * all other work on the 4 KiB in it: 20 MB took 80 ms more.
 *
 * Memory goes one way. {@link ownChunks} marks the chunks of a body that nothing else can keep, and {@link freeChunk} frees
 * one that has been written. A chunk that is not freed is garbage like any other. Only this file knows the conditions.
 */

/** Smaller chunks are left to the garbage collector, in bytes: to free one costs as much as some pages. */
const LEAST_SIZE = 16 * 1024

/** The memory of chunks that may be freed. */
const owned = new WeakSet<ArrayBufferLike>()

/**
 * Lets the chunks of a body be freed from now on. A chunk is marked only if nothing else can keep it:
 *
 * 1. Node's own parser has made it, and Node's own methods pass it on (`isReadByNode`);
 * 2. the body has as many `'data'` listeners as the caller knows, and no `'readable'` listener (`isShared`);
 * 3. it is all that its memory holds.
 *
 * @param listeners - how many `'data'` listeners keep no chunk.
 */
export function ownChunks(body: Readable, listeners: number): void {
  const isKnown = body.listenerCount('data') === listeners && body.listenerCount('readable') === 0
  if (!isKnown || !isReadByNode(body)) return
  let isShared = false
  body.prependListener('data', (chunk: Buffer) => {
    if (!isShared) ownChunk(chunk)
  })
  body.on('newListener', (event) => {
    isShared ||= event === 'data' || event === 'readable'
  })
}

/** Lets a chunk be freed that nothing but its writer will see. */
export function ownChunk(chunk: Buffer): void {
  const { buffer, length } = chunk
  if (length >= LEAST_SIZE && length === buffer.byteLength) owned.add(buffer)
}

/**
 * Frees the memory of a chunk of a request body that has been written, where nothing else can keep it. The chunk is empty
 * then. Does nothing for any other chunk. Call it when the system has taken the chunk, never before.
 */
export function freeChunk(chunk: Buffer): void {
  const { buffer } = chunk
  if (!owned.delete(buffer)) return
  // Memory that threads share has not been marked: no part of Node.js reads a request into it.
  free(buffer as ArrayBuffer)
}

/** `ArrayBuffer.prototype.transfer()` of ES2024, which Node.js 20 does not have. */
const transfer = Reflect.get(ArrayBuffer.prototype, 'transfer') as
  | ((this: ArrayBuffer, length: number) => ArrayBuffer)
  | undefined

const free: (memory: ArrayBuffer) => void =
  transfer === undefined ? postNowhere : (memory) => void transfer.call(memory, 0)

/** Created outside any request, so that the port retains no request's async context. */
const scope = new AsyncResource('CommonGatewayChunkMemory')
let closedPort: MessagePort | undefined

/**
 * Transfers memory to a port that is closed, which is the end of it: a message is serialized before it turns out that
 * there is no other port (HTML, "message port post message steps").
 */
function postNowhere(memory: ArrayBuffer): void {
  closedPort ??= scope.runInAsyncScope(openClosedPort)
  closedPort.postMessage(undefined, [memory])
}

function openClosedPort(): MessagePort {
  const { port1, port2 } = new MessageChannel()
  port2.close()
  return port1
}
