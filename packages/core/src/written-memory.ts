import { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { giveBack, isLent } from './lent-memory.js'

const NOTHING = Buffer.alloc(0)
/**
 * Node's own way to write, which keeps nothing of what it has written. Undefined where somebody who
 * watches all responses has come before us: Node's own is inherited.
 */
const write: unknown = Object.hasOwn(ServerResponse.prototype, 'write')
  ? undefined
  : Reflect.get(ServerResponse.prototype, 'write')

/**
 * Gives back the memory of what is piped to a response, once it is written, for as long as nobody else
 * sees it: a second listener, or somebody who wraps the response, may keep the chunks.
 */
export function giveBackWritten(body: Readable, response: ServerResponse): void {
  // The pipe is a listener, too.
  let isShared = body.listenerCount('data') !== 1 || body.listenerCount('readable') > 0
  if (isShared) return
  let isToComeBack = false
  const before = (chunk: Buffer): void => {
    isToComeBack = isLent(chunk) && !isShared && keepsNothing(response)
  }
  const after = (chunk: Buffer): void => {
    if (!isToComeBack || response.writableEnded) return
    // What is written after the chunk says when the chunk has been.
    response.write(NOTHING, (error) => {
      if (!error) giveBack(chunk)
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

/** Whether a response writes what it is given, and forgets it. One that is corked keeps it, but not what is empty. */
function keepsNothing(response: ServerResponse): boolean {
  return (
    write !== undefined &&
    Reflect.get(response, 'write') === write &&
    !response.writableEnded &&
    !response.destroyed &&
    response.writableCorked === 0
  )
}
