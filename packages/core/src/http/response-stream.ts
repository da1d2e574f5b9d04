import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { returnWritten } from '../data/lent-memory.js'
import type { CgiResponse } from '../data/message.js'

const NOTHING = Buffer.alloc(0)

/** A response whose content a middleware compresses or holds back. */
interface FlushableResponse extends ServerResponse {
  /** Sends everything written so far. */
  flush?(): void
}

/**
 * Prepares a response for a body. Where the body is piped to it, the header goes out at once when the body is still
 * to come, and so does each piece of a body that has no length.
 *
 * @param breakResponse - called when the body fails, to show the client that the response is incomplete.
 */
export function prepareBody(
  body: CgiResponse['body'],
  response: ServerResponse,
  breakResponse: () => void,
): void {
  if (body === null || Buffer.isBuffer(body)) return
  // Not earlier: until then, the application may replace the body or add fields.
  response.on('pipe', (source) => {
    if (source !== body) return
    const isHeaderSent = response.headersSent
    guardWrites(body, response)
    if (body.destroyed) return
    sendAsItComes(body, response, isHeaderSent)
    returnWritten(body, response)
  })
  // The application may have sent something else.
  response.once('close', () => body.destroy())
  const listeners = body.listenerCount('error')
  body.once('error', () => {
    breakResponse()
    // pipe() does not destroy its destination when the source fails. Other consumers do, or answer.
    if (body.listenerCount('error') <= listeners) response.destroy()
  })
}

/** Pipes a body to its response. Resolves when the response has been sent, or cannot be. */
export function pipeBody(body: Readable, response: ServerResponse): Promise<void> {
  // Not pipeline(): it adds seven listeners for 'close', and Node warns of a leak after three more.
  return new Promise((resolve, reject) => {
    const cutOff = (): void => {
      const { errored } = body
      if (body.readableEnded && errored === null) return
      // An error that a middleware threw before the header can still be answered.
      if (response.headersSent || errored === null) response.destroy()
      if (errored) reject(errored)
    }
    body.on('error', () => {})
    if (body.destroyed) cutOff()
    body.once('close', cutOff)
    response.once('close', resolve)
    if (response.destroyed) resolve()
    body.pipe(response)
  })
}

/**
 * Destroys the body with what a middleware's `write()` or `end()` throws, or its listener for the header (the
 * package `on-headers`). pipe() calls them where nothing catches an exception, which would end the process.
 */
function guardWrites(body: Readable, response: ServerResponse): void {
  const before = new Map<'write' | 'end', ServerResponse['write' | 'end']>()
  const fail = (thrown: unknown): void => {
    body.unpipe(response)
    // The error response may be written by the same methods again.
    for (const [name, method] of before) Object.assign(response, { [name]: method })
    body.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
  for (const name of ['write', 'end'] as const) {
    // Node's own do not throw here, and are to stay in place: memory is lent to them only.
    if (!Object.hasOwn(response, name)) continue
    const method = response[name]
    before.set(name, method)
    const guarded = (...args: unknown[]): unknown => {
      try {
        return Reflect.apply(method, response, args)
      } catch (thrown) {
        fail(thrown)
        // All of the body has been written: only a broken connection shows that something is wrong.
        if (name === 'end') response.destroy()
        return name === 'end' ? response : false
      }
    }
    Object.assign(response, { [name]: guarded })
  }
  if (response.headersSent || !Object.hasOwn(response, 'writeHead')) return
  try {
    // As the first write would do.
    response.writeHead(response.statusCode)
  } catch (thrown) {
    fail(thrown)
  }
}

function sendAsItComes(body: Readable, response: FlushableResponse, isHeaderSent: boolean): void {
  const isFlushed = 'flush' in response && !response.hasHeader('content-length')
  const flush = (): void => {
    if (!isFlushed || response.writableEnded || response.destroyed) return
    try {
      response.flush?.()
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }
  if (body.readableLength === 0 && !isHeaderSent) {
    // Not flushHeaders(): it would encode the header, whose values are bytes, as UTF-8.
    response.write(NOTHING)
    flush()
  }
  // Another listener for 'data' would prevent lent memory from being returned.
  if (!isFlushed) return
  let isScheduled = false
  body.on('data', () => {
    if (isScheduled) return
    isScheduled = true
    setImmediate(() => {
      isScheduled = false
      if (body.readableLength === 0) flush()
    })
  })
}
