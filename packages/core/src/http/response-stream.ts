import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { giveBackWritten } from '../data/lent-memory.js'
import type { CgiResponse } from '../data/message.js'

const NOTHING = Buffer.alloc(0)

/** A response that a middleware compresses, or holds back in another way, has this as well. */
interface FlushableResponse extends ServerResponse {
  /** Sends what has been written until now. */
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
  // Not before: until then, an application may put something else in its place or add fields.
  response.on('pipe', (source) => {
    if (source !== body) return
    const isHeaderOut = response.headersSent
    guardWrites(body, response)
    if (body.destroyed) return
    sendAsItComes(body, response, isHeaderOut)
    giveBackWritten(body, response)
  })
  // A script whose answer is replaced by another has no one to write for.
  response.once('close', () => body.destroy())
  const listeners = body.listenerCount('error')
  body.once('error', () => {
    breakResponse()
    // A pipe does not tell its destination that the source has failed. Others do, and may answer.
    if (body.listenerCount('error') <= listeners) response.destroy()
  })
}

/** Pipes a body to its response. Resolves when the response has been sent, or cannot be. */
export function pipeBody(body: Readable, response: ServerResponse): Promise<void> {
  // Not pipeline(): its seven listeners for `close` make Node warn of a leak after three more.
  return new Promise((resolve, reject) => {
    const cutOff = (): void => {
      const { errored } = body
      if (body.readableEnded && errored === null) return
      // What a middleware has thrown at the header can still be answered.
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
 * Has the body fail where a way of a middleware to write the response does, or its listener for the header
 * (the package `on-headers`). A pipe calls them where nothing catches what they throw, which would end the
 * process.
 */
function guardWrites(body: Readable, response: ServerResponse): void {
  const before = new Map<'write' | 'end', ServerResponse['write' | 'end']>()
  const fail = (thrown: unknown): void => {
    body.unpipe(response)
    // What answers in the place of the body may have more luck.
    for (const [name, way] of before) Object.assign(response, { [name]: way })
    body.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)))
  }
  for (const name of ['write', 'end'] as const) {
    // Node's own do not throw here; and memory is not lent to others.
    if (!Object.hasOwn(response, name)) continue
    const way = response[name]
    before.set(name, way)
    const guarded = (...words: unknown[]): unknown => {
      try {
        return Reflect.apply(way, response, words)
      } catch (thrown) {
        fail(thrown)
        // All of the body has been written: only the end of the connection says that something is wrong.
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

function sendAsItComes(body: Readable, response: FlushableResponse, isHeaderOut: boolean): void {
  const isFlushed = 'flush' in response && !response.hasHeader('content-length')
  const flush = (): void => {
    if (!isFlushed || response.writableEnded || response.destroyed) return
    try {
      response.flush?.()
    } catch (error) {
      body.destroy(error instanceof Error ? error : new Error(String(error)))
    }
  }
  if (body.readableLength === 0 && !isHeaderOut) {
    // Not flushHeaders(): it would encode the header, whose values are bytes, as UTF-8.
    response.write(NOTHING)
    flush()
  }
  // One more listener for `data` where it is not needed would keep lent memory from coming back.
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
