import type { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Where an exchange over HTTP/1 and one over HTTP/2 differ. Holds no state. */
export interface Protocol {
  /** Whether a request has content. */
  hasBody(message: IncomingMessage): boolean
  /** Whether all content of a request has come. */
  isComplete(message: IncomingMessage): boolean
  /** Called once for each request, before anything else happens to it. */
  watch(message: IncomingMessage): void
  /** Emits `'finish'` as soon as all of a response has been handed to the system. */
  outgoing(message: IncomingMessage, response: ServerResponse): EventEmitter
  /** Everything that each exchange adds listeners to. */
  emitters(message: IncomingMessage, response: ServerResponse): EventEmitter[]
  /** Stops the content of a request whose response is complete. */
  refuseRest(message: IncomingMessage): void
  /** Ends a response that has begun so that the client sees it is incomplete. */
  breakResponse(message: IncomingMessage, response: ServerResponse): void
  /** Ends a response that the client does not take, and drops what waits to be sent. */
  abandon(message: IncomingMessage, response: ServerResponse): void
  /** Returns the function that ends the connection, after the responses that scripts have begun on it. */
  connectionEnd(message: IncomingMessage): () => void
}
