import type { ServerResponse } from 'node:http'
import type { OpenRequest } from './open-request.js'
import type { RawRequest, RawResponse } from '../access/raw-exchange.js'

/** The methods that are wrapped. Responses of HTTP/1 and HTTP/2 have them. */
type Watched = Pick<ServerResponse, 'write' | 'end' | 'writeHead'>

/**
 * Updates a record with the header, content and end of its response. Watches node:http rather than Fastify,
 * whose hooks do not run for a request that cannot be routed, nor for a response that an nph- script writes.
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

  // Node.js has no events for the header or for content. The overloads share these arguments.
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
      // end() of HTTP/2 calls write(), which has counted the content.
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
    // The second argument can be a callback.
    return Buffer.byteLength(content, typeof encoding === 'string' ? toEncoding(encoding) : 'utf8')
  }
  return content instanceof Uint8Array ? content.byteLength : 0
}

function toEncoding(name: string): BufferEncoding {
  return Buffer.isEncoding(name) ? name : 'utf8'
}
