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
import { StartAttempt } from './start-attempt.js'

/** The settings of request bodies. */
export type BodySettings = Pick<
  Settings<never>,
  'bodyLimit' | 'bodyTimeout' | 'chunkedBody' | 'headersTimeout' | 'minRate'
>

/** More of a body than this, of unknown length, is kept in a temporary file. */
const SPOOL_IN_MEMORY = 64 * 1024

/**
 * Receives a body without a length: in memory, and from 64 KiB on in a temporary file.
 *
 * @throws {CgiError} CGI_ERR_BODY_TOO_LARGE, _STALLED, _FAILED, CGI_ERR_CLIENT_TOO_SLOW, CGI_ERR_SPOOL,
 *   CGI_ERR_CLIENT_GONE, CGI_ERR_HEADERS_TIMEOUT
 */
export async function spool(
  source: Readable,
  { bodyLimit: limit, bodyTimeout, headersTimeout, minRate }: BodySettings,
  signal: ClientSignal,
): Promise<RequestBody> {
  // While a chunk is written, no chunk is awaited: an error would have no listener.
  source.on('error', () => {})
  // The threads that work on files may all be taken.
  const attempt = new StartAttempt(signal)
  const timely = { milliseconds: headersTimeout, ...SLOW_FILE }
  const chunks: Buffer[] = []
  let length = 0
  let file: FileHandle | undefined
  try {
    // Not for await: leaving its loop would destroy the request, and with it the connection.
    const take = createTake(source, signal, bodyTimeout, minRate)
    for (let chunk = await take(); chunk; chunk = await take()) {
      if (limit > 0 && length + chunk.length > limit) throw tooLarge(limit)
      if (file === undefined && length + chunk.length > SPOOL_IN_MEMORY) {
        file = await attempt.until(openSpoolFile(), closeFile, timely)
        chunks.push(chunk)
        await attempt.until(writeAll(file, Buffer.concat(chunks.splice(0)), 0), () => {}, timely)
      } else if (file === undefined) chunks.push(chunk)
      else await attempt.until(writeAll(file, chunk, length), () => {}, timely)
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

/** The error where no thread of libuv's pool comes to the file. */
const SLOW_FILE = {
  code: 'CGI_ERR_HEADERS_TIMEOUT',
  what: 'the request body has not been stored',
} as const

/** A failure to close leaves nothing to do. */
function closeFile(file: FileHandle): void {
  file.close().catch(() => {})
}

/** Returns a function that takes the next chunk, as long as the client keeps `minRate`. */
function createTake(
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
    const look = (): void => {
      // Without an encoding set, and not in object mode, a stream gives Buffers.
      const chunk = source.read() as Buffer | null
      if (chunk !== null) settle(() => resolve(chunk))
    }
    const stalled = (): void => settle(() => reject(new CgiError(code)))
    function settle(act: () => void): void {
      clearTimeout(timer)
      source.off('readable', look).off('end', ended).off('close', gone).off('error', gone)
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
    source.on('readable', look).on('end', ended).on('close', gone).on('error', gone)
    signal.addEventListener('abort', gone)
    look()
  })
}

/** A file that only this process can reach, and that is gone when it is closed. */
async function openSpoolFile(): Promise<FileHandle> {
  const name = path.join(tmpdir(), `common-gateway-${randomUUID()}`)
  const file = await open(name, 'wx+', 0o600)
  await unlink(name)
  return file
}

/** Writes at a position, so that the file's own offset stays at its beginning for the script. */
async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const result = await file.write(bytes, written, bytes.length - written, position + written)
    written += result.bytesWritten
  }
}
