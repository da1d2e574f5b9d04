import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import type { ClientSignal } from '../data/message.js'
import { Patience } from '../data/patience.js'
import type { Settings } from '../options/settings.js'
import type { RequestBody } from '../transport/transport.js'
import { failureOf, tooLarge } from './body-failure.js'
import { StartAttempt } from '../data/start-attempt.js'

/** The settings of request bodies. */
export type BodySettings = Pick<
  Settings<never>,
  'bodyLimit' | 'bodyTimeout' | 'chunkedBody' | 'headersTimeout' | 'minRate'
>

/** Up to this size, in bytes, a spooled body is kept in memory. */
const MEMORY_LIMIT = 64 * 1024

/**
 * Receives a body of unknown length: in memory, and from 64 KiB on in a temporary file.
 *
 * @throws {CgiError} CGI_ERR_BODY_TOO_LARGE, _STALLED, _FAILED, CGI_ERR_CLIENT_TOO_SLOW, CGI_ERR_SPOOL,
 *   CGI_ERR_CLIENT_GONE, CGI_ERR_HEADERS_TIMEOUT
 */
export async function spool(
  source: Readable,
  { bodyLimit: limit, bodyTimeout, headersTimeout, minRate }: BodySettings,
  signal: ClientSignal,
): Promise<RequestBody> {
  // While a chunk is written there is no other listener, and an error would be an uncaught exception.
  source.on('error', () => {})
  // All threads of libuv's pool may be blocked.
  const attempt = new StartAttempt(signal)
  const limited = { milliseconds: headersTimeout, ...SLOW_FILE }
  const chunks: Buffer[] = []
  let length = 0
  let file: FileHandle | undefined
  try {
    // `for await` would destroy the request, and with it the connection, when the loop is left.
    const receive = createReceiver(source, signal, bodyTimeout, minRate)
    for (let chunk = await receive(); chunk; chunk = await receive()) {
      if (limit > 0 && length + chunk.length > limit) throw tooLarge(limit)
      if (file === undefined && length + chunk.length > MEMORY_LIMIT) {
        file = await attempt.until(openSpoolFile(), closeFile, limited)
        chunks.push(chunk)
        await attempt.until(writeAll(file, Buffer.concat(chunks.splice(0)), 0), () => {}, limited)
      } else if (file === undefined) chunks.push(chunk)
      else await attempt.until(writeAll(file, chunk, length), () => {}, limited)
      length += chunk.length
    }
  } catch (error) {
    if (file !== undefined) closeFile(file)
    if (error instanceof CgiError) throw error
    throw new CgiError('CGI_ERR_SPOOL', { reason: String(error), cause: error })
  } finally {
    attempt.end()
  }
  return { length, content: file ?? (length === 0 ? null : Buffer.concat(chunks)) }
}

/** The error if the file operations do not finish in time. */
const SLOW_FILE = {
  code: 'CGI_ERR_HEADERS_TIMEOUT',
  what: 'the request body was not stored',
} as const

/** Closes the file; a failure to close has no consequence. */
function closeFile(file: FileHandle): void {
  file.close().catch(() => {})
}

/** Returns a function that receives the next chunk, and throws when the client falls below `minRate`. */
function createReceiver(
  source: Readable,
  signal: ClientSignal,
  bodyTimeout: number,
  minRate: number,
): () => Promise<Buffer | null> {
  const patience = new Patience(minRate)
  return async () => {
    const isShorter = bodyTimeout === 0 || patience.left < bodyTimeout
    const code = isShorter ? 'CGI_ERR_CLIENT_TOO_SLOW' : 'CGI_ERR_BODY_STALLED'
    const start = performance.now()
    const chunk = await next(source, signal, isShorter ? patience.left : bodyTimeout, code)
    const isOver = patience.spend(performance.now() - start, chunk?.length ?? 0)
    if (isOver && chunk !== null) throw new CgiError('CGI_ERR_CLIENT_TOO_SLOW')
    return chunk
  }
}

/** The next chunk of a stream; null at its end. */
function next(
  source: Readable,
  signal: ClientSignal,
  timeout: number,
  code: CgiErrorCode,
): Promise<Buffer | null> {
  return new Promise((resolve, reject) => {
    const gone = (): void => settle(() => reject(failureOf(source)))
    const ended = (): void => settle(() => resolve(null))
    const read = (): void => {
      // A stream without an encoding, and not in object mode, returns Buffers.
      const chunk = source.read() as Buffer | null
      if (chunk !== null) settle(() => resolve(chunk))
    }
    const stalled = (): void => settle(() => reject(new CgiError(code)))
    function settle(act: () => void): void {
      clearTimeout(timer)
      source.off('readable', read).off('end', ended).off('close', gone).off('error', gone)
      signal.removeEventListener('abort', gone)
      act()
    }
    if (source.readableEnded) {
      resolve(null)
      return
    }
    if (signal.aborted || source.destroyed) {
      reject(failureOf(source))
      return
    }
    const timer = Number.isFinite(timeout) ? setTimeout(stalled, timeout) : undefined
    source.on('readable', read).on('end', ended).on('close', gone).on('error', gone)
    signal.addEventListener('abort', gone)
    read()
  })
}

/** Opens a file that has no name, so that the system deletes it when it is closed. */
async function openSpoolFile(): Promise<FileHandle> {
  const name = path.join(tmpdir(), `common-gateway-${randomUUID()}`)
  const file = await open(name, 'wx+', 0o600)
  await unlink(name)
  return file
}

/** Writes at a position: the file offset, which the script inherits, stays at the beginning. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const result = await file.write(bytes, written, bytes.length - written, position + written)
    written += result.bytesWritten
  }
}
