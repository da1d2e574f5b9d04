import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { muteResponse } from '../data/node-internals.js'
import { resetConnection } from './http1.js'
import type { ResponseProgress } from './response-progress.js'

/**
 * Sends what an NPH script writes as it is (RFC 3875 section 5), past its response. The response writes nothing
 * to the connection; but to its listeners, such as access logs, it has the script's status and ends when the
 * script's output does.
 */
export async function sendNonParsed(
  body: Readable,
  response: ServerResponse,
  progress: ResponseProgress,
): Promise<void> {
  // A pipelined response has no socket until its turn.
  if (response.socket === null && !response.destroyed) {
    await Promise.race([once(response, 'socket'), once(body, 'close')])
  }
  const { socket } = response
  if (socket === null || socket.destroyed || response.headersSent) {
    body.destroy()
    return
  }
  Object.assign(progress, { isBegun: true, isNonParsed: true })
  // The connection ends with the script's output; the response ends without a byte on it.
  muteResponse(response)
  setStatus(body, response)
  body.once('error', () => resetConnection(socket))
  await pipeline(body, socket, { end: false })
  if (!response.headersSent) writeHead(response)
  try {
    response.end()
  } catch {
    // The end() of a middleware has thrown; the client has all bytes.
    socket.destroySoon()
  }
}

/** How much of the output is searched for its status, in bytes. */
const BEGINNING_SIZE = 16 * 1024

function setStatus(body: Readable, response: ServerResponse): void {
  let beginning = ''
  body.on('data', function search(chunk: Buffer) {
    beginning += chunk.toString('latin1', 0, BEGINNING_SIZE)
    const status = findStatus(beginning)
    if (status === undefined && beginning.length < BEGINNING_SIZE) return
    body.off('data', search)
    if (!status || response.headersSent) return
    response.statusCode = status.code
    response.statusMessage = status.reason
    writeHead(response)
  })
}

/** The final status of a response; undefined if it is still to come, null if there is none. */
function findStatus(text: string): { code: number; reason: string } | null | undefined {
  let start = 0
  for (;;) {
    const end = text.indexOf('\n', start)
    if (end === -1) return undefined
    const line = text.slice(start, end).trimEnd()
    const [, code, reason = ''] = /^HTTP\/1\.\d (\d{3})(?: (.*))?$/.exec(line) ?? []
    if (code === undefined) return null
    if (!code.startsWith('1')) return { code: Number(code), reason }
    // An interim response has fields, and ends in an empty line.
    const gap = /\n\r?\n/g
    gap.lastIndex = end
    if (!gap.test(text)) return undefined
    start = gap.lastIndex
  }
}

/** Composes the header, which is not sent. */
function writeHead(response: ServerResponse): void {
  try {
    response.setHeader('Connection', 'close')
    response.writeHead(response.statusCode)
  } catch {
    // Node refuses bytes of the reason, or a listener has thrown: nothing depends on it.
    response.statusMessage = ''
  }
}
