import { OutgoingMessage, type ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { type Readable, Writable } from 'node:stream'
import { giveBack, isLent } from './lent-memory.js'

const NOTHING = Buffer.alloc(0)
/**
 * Node's own ways to write, which keep nothing of what they have written. Each is taken from the class that
 * makes it: one that inherits it may have been given another before this was loaded.
 */
const writeResponse: unknown = Reflect.get(OutgoingMessage.prototype, 'write')
const SOCKET_WAYS: readonly (readonly [name: string, way: unknown])[] = [
  ['write', Reflect.get(Writable.prototype, 'write')],
  ['_write', Reflect.get(Socket.prototype, '_write')],
  ['_writev', Reflect.get(Socket.prototype, '_writev')],
]

/**
 * Gives back the memory of what is piped to a response, once it is written, for as long as nobody else
 * sees it: a second listener, or somebody who wraps the response or its socket, may keep the chunks.
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
    Reflect.get(response, 'write') === writeResponse &&
    !response.writableEnded &&
    !response.destroyed &&
    response.writableCorked === 0 &&
    isNodes(response.socket)
  )
}

/** Whether a socket is one of Node's, and not a stream that hands the chunks on to somebody here. */
function isNodes(socket: Socket | null): boolean {
  return socket !== null && SOCKET_WAYS.every(([name, way]) => Reflect.get(socket, name) === way)
}
