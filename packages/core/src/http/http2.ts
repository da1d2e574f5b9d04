import type { IncomingMessage } from 'node:http'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Protocol } from './protocol.js'

/** HTTP/2, through Node's compatibility API. */
export const http2: Protocol = {
  hasBody: (message) =>
    message.headers['content-length'] !== undefined ||
    message.headers['transfer-encoding'] !== undefined ||
    // HTTP/2 needs neither field.
    streamOf(message)?.endAfterHeaders === false,
  // `complete` is also true for a stream that was reset.
  isComplete: (message) => message.readableEnded,
  watch(message) {
    const stream = streamOf(message)
    message.once('aborted', () => {
      // Without this, Node ends the body of a reset stream as if all of it had come.
      message.destroy()
      // A stream reset with NO_ERROR stays until all of the response is written, which no client reads.
      process.nextTick(() => stream?.destroy())
    })
  },
  // The response emits 'finish' only when its client has ended the request, too; the stream does at once.
  outgoing: (message, response) => streamOf(message) ?? response,
  emitters: (message, response) => [message, response, streamOf(message) ?? []].flat(),
  // RFC 9113 section 8.1: the response is complete, and the rest of the request is not needed.
  refuseRest: (message) => streamOf(message)?.close(constants.NGHTTP2_NO_ERROR),
  breakResponse(message, response) {
    // destroy() alone resets the stream without an error, which tells the client only to stop sending
    // (RFC 9113 section 8.1).
    if (response.headersSent) streamOf(message)?.close(constants.NGHTTP2_INTERNAL_ERROR)
  },
  abandon(message, response) {
    const stream = streamOf(message)
    stream?.close(constants.NGHTTP2_INTERNAL_ERROR)
    stream?.destroy()
    response.destroy()
  },
  connectionEnd(message) {
    // Read now: neither stream nor socket know their session once they are closed.
    const session = streamOf(message)?.session
    return () => session?.close()
  },
}

/** The stream of a request over HTTP/2; undefined for HTTP/1. */
export function streamOf(message: IncomingMessage): ServerHttp2Stream | undefined {
  // Http2ServerRequest has it; the type of HTTP/1's requests does not.
  return (message as { stream?: ServerHttp2Stream }).stream
}
