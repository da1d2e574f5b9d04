import type { IncomingMessage, ServerResponse } from 'node:http'
import { http1 } from './http1.js'
import { http2, streamOf } from './http2.js'
import type { Protocol } from './protocol.js'

/** The protocol that a request came by. */
export function protocolOf(message: IncomingMessage): Protocol {
  return streamOf(message) === undefined ? http1 : http2
}

/**
 * Ends a response that has begun so that the client sees it is incomplete. Does nothing to one that has not
 * begun, which can still be answered with an error. The caller destroys the response.
 *
 * @param message - the request as the client sent it.
 * @param response - its response.
 */
export function breakResponse(message: IncomingMessage, response: ServerResponse): void {
  protocolOf(message).breakResponse(message, response)
}
