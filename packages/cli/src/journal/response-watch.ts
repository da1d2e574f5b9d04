import type { ServerResponse } from 'node:http'
import type { OpenRequest } from './open-request.js'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'

/** What of a response is watched; both kinds have it. */
type Watched = Pick<ServerResponse, 'write' | 'end' | 'writeHead'>

/**
 * Tells a record of its response's header, content and end. Node's own request and response are watched
 * rather than Fastify's, which never see what cannot be routed and lose sight of a response that a script
 * writes itself.
 */
export function watchResponse(
  request: RawRequest,
  response: RawResponse,
  record: Pick<OpenRequest, 'sendHeader' | 'sendContent' | 'close'>,
): void {
  const hasContent = request.method !== 'HEAD'
  let hasHeader = false
  let count = 0

  function look(): void {
    if (hasHeader || !response.headersSent) return
    hasHeader = true
    record.sendHeader(response.statusCode)
  }

  function add(content: unknown, encoding: unknown): void {
    const bytes = hasContent ? lengthOf(content, encoding) : 0
    count += bytes
    record.sendContent(bytes)
  }

  // Node tells of no header and no byte. The overloads have these arguments in common.
  const { write, end, writeHead } = response as Watched
  const watched: Watched = {
    writeHead: ((...args: Parameters<typeof writeHead>) => {
      Reflect.apply(writeHead, response, args)
      look()
      return response
    }) as typeof writeHead,
    write: ((...args: Parameters<typeof write>) => {
      add(args[0], args[1])
      const hasRoom = Reflect.apply(write, response, args)
      look()
      return hasRoom
    }) as typeof write,
    end: ((...args: Parameters<typeof end>) => {
      const before = count
      Reflect.apply(end, response, args)
      // That of HTTP/2 writes by write().
      if (count === before) add(args[0], args[1])
      look()
      return response
    }) as typeof end,
  }
  Object.assign(response, watched)
  response.once('close', () => {
    look()
    record.close(response.writableFinished)
  })
}

function lengthOf(content: unknown, encoding: unknown): number {
  if (typeof content === 'string') {
    // Node takes a callback in the place of an encoding.
    return Buffer.byteLength(content, typeof encoding === 'string' ? toEncoding(encoding) : 'utf8')
  }
  return content instanceof Uint8Array ? content.byteLength : 0
}

function toEncoding(name: string): BufferEncoding {
  return Buffer.isEncoding(name) ? name : 'utf8'
}
