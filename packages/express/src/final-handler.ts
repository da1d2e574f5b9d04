import type { IncomingMessage } from 'node:http'

/**
 * Express's own error page waits until all of the request has come, but this one may never end: too
 * large, or from a client that waits for the answer. Who begins to wait for its end is told of it.
 */
export function endForWaiters(request: IncomingMessage): void {
  const tell = (event: string | symbol): void => {
    if (event !== 'end') return
    request.off('newListener', tell)
    process.nextTick(() => request.emit('end'))
  }
  request.on('newListener', tell)
}
