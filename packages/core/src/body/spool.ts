import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { CgiError } from '../data/cgi-error.js'
import { freeChunk } from '../data/chunk-memory.js'
import type { ClientSignal } from '../data/message.js'
import { Patience } from '../data/patience.js'
import type { Settings } from '../options/settings.js'
import type { RequestBody } from '../transport/transport.js'
import { tooLarge } from './body-failure.js'
import { ChunkReceiver } from './chunk-receiver.js'
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
  const receiver = new ChunkReceiver(source, signal)
  let chunks: Buffer[] = []
  let length = 0
  let written = 0
  let file: FileHandle | undefined
  try {
    // `for await` would destroy the request, and with it the connection, when the loop is left.
    const receive = limitRate(receiver, bodyTimeout, minRate)
    for (let received = await receive(); received; received = await receive()) {
      length += sizeOf(received)
      if (limit > 0 && length > limit) throw tooLarge(limit)
      chunks.push(...received)
      if (length <= MEMORY_LIMIT) continue
      file ??= await attempt.until(openSpoolFile(), closeFile, limited)
      await attempt.until(writeAll(file, chunks, written), () => {}, limited)
      written = length
      chunks.forEach(freeChunk)
      chunks = []
    }
  } catch (error) {
    if (file !== undefined) closeFile(file)
    if (error instanceof CgiError) throw error
    throw new CgiError('CGI_ERR_SPOOL', { reason: String(error), cause: error })
  } finally {
    receiver.close()
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

/** Returns a function that receives what comes next, and throws when the client falls below `minRate`. */
function limitRate(
  receiver: ChunkReceiver,
  bodyTimeout: number,
  minRate: number,
): () => Promise<Buffer[] | null> {
  const patience = new Patience(minRate)
  return async () => {
    const isShorter = bodyTimeout === 0 || patience.left < bodyTimeout
    const code = isShorter ? 'CGI_ERR_CLIENT_TOO_SLOW' : 'CGI_ERR_BODY_STALLED'
    const start = performance.now()
    const chunks = await receiver.next(isShorter ? patience.left : bodyTimeout, code)
    const isOver = patience.spend(performance.now() - start, sizeOf(chunks ?? []))
    if (isOver && chunks !== null) throw new CgiError('CGI_ERR_CLIENT_TOO_SLOW')
    return chunks
  }
}

function sizeOf(chunks: readonly Buffer[]): number {
  return chunks.reduce((size, { length }) => size + length, 0)
}

/** Opens a file that has no name, so that the system deletes it when it is closed. */
async function openSpoolFile(): Promise<FileHandle> {
  const name = path.join(tmpdir(), `common-gateway-${randomUUID()}`)
  const file = await open(name, 'wx+', 0o600)
  await unlink(name)
  return file
}

/** Writes at a position: the file offset, which the script inherits, stays at the beginning. */
async function writeAll(
  file: FileHandle,
  chunks: readonly Buffer[],
  position: number,
): Promise<void> {
  const size = sizeOf(chunks)
  let { bytesWritten: written } = await file.writev(chunks, position)
  if (written === size) return
  const bytes = Buffer.concat(chunks)
  while (written < size) {
    const result = await file.write(bytes, written, size - written, position + written)
    written += result.bytesWritten
  }
}
