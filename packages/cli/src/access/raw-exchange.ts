import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'

/** A request of whichever version of HTTP, as Node has it. */
export type RawRequest = IncomingMessage | Http2ServerRequest

/** A response of whichever version of HTTP, as Node has it. */
export type RawResponse = ServerResponse | Http2ServerResponse
