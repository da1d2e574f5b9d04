import { randomUUID } from 'node:crypto'
import { type FileHandle, open, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { badFraming, failureOf, tooLarge } from './body-failure.js'
import { CgiError, type CgiErrorCode } from '../data/cgi-error.js'
import { valuesOf } from '../data/header-fields.js'
import type { CgiRequest, ClientSignal } from '../data/message.js'
import { Patience } from '../data/patience.js'
import type { Settings } from '../options/settings.js'
import type { RequestBody } from '../transport/transport.js'
import { StartAttempt } from './start-attempt.js'

/** What the settings say of request bodies. */
export type BodySettings = Pick<
  Settings<never>,
  'bodyLimit' | 'bodyTimeout' | 'chunkedBody' | 'headersTimeout' | 'minRate'
>

const CONSUMED =
  'a body parser, a middleware or a hook (preParsing) has read it, and has put no stream in its place'

/** How a request's header says that its body is delimited (RFC 9112 section 6.3). */
export type BodyFraming = number | 'chunked' | 'none'

/** More of a body than this, of unknown length, is kept in a temporary file. */
const SPOOL_IN_MEMORY = 64 * 1024

/**
 * Reads how the body is delimited, and refuses what Node's parser lets through although RFC 9112
 * forbids it or a script could not make sense of it.
 *
 * @throws {CgiError} CGI_ERR_BAD_FRAMING, CGI_ERR_NOT_IMPLEMENTED, CGI_ERR_BODY_TOO_LARGE
 */
export function readFraming(request: CgiRequest, bodyLimit: number): BodyFraming {
  const codings = valuesOf(request.headers, 'transfer-encoding')
  if (codings.length > 0) {
    // RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 is to be treated as faulty framing.
    if (request.httpVersion === '1.0') throw badFraming('HTTP/1.0 has no Transfer-Encoding')
    if (codings.join(',').trim().toLowerCase() === 'chunked') return 'chunked'
    // Where such a body ends, nobody knows.
    throw new CgiError('CGI_ERR_NOT_IMPLEMENTED', {
      reason: `coding ${codings.join(', ')}`,
      headers: { connection: 'close' },
    })
  }
  const lengths = new Set(valuesOf(request.headers, 'content-length'))
  if (lengths.size === 0) return request.body === null ? 'none' : 'chunked'
  const [length = ''] = lengths
  if (lengths.size > 1 || !/^\d{1,15}$/.test(length))
    throw badFraming('Content-Length is not one number')
  if (bodyLimit > 0 && Number(length) > bodyLimit) throw tooLarge(bodyLimit)
  return Number(length)
}

/** Whether a body is received before its script starts. */
export function isSpooled(
  { body }: Pick<CgiRequest, 'body'>,
  framing: BodyFraming,
  { chunkedBody }: BodySettings,
): boolean {
  return framing === 'chunked' && body !== null && chunkedBody === 'spool'
}

/**
 * Makes the request body ready for a script. A body without a length is received first, unless
 * `chunkedBody` is `'stream'`, since CONTENT_LENGTH must be its length (RFC 3875 section 4.1.2).
 *
 * @throws {CgiError} CGI_ERR_BODY_CONSUMED, _TOO_LARGE, _STALLED, _FAILED, CGI_ERR_SPOOL, CGI_ERR_CLIENT_GONE
 */
export async function openRequestBody(
  request: Pick<CgiRequest, 'body' | 'signal'>,
  framing: BodyFraming,
  settings: BodySettings,
): Promise<RequestBody> {
  const source = request.body
  if (framing === 'none' || source === null) return { length: undefined, content: null }
  if (framing === 0) return { length: 0, content: null }
  if (source.readableDidRead || source.readableEncoding !== null) {
    throw new CgiError('CGI_ERR_BODY_CONSUMED', { reason: CONSUMED })
  }
  if (framing !== 'chunked') return { length: framing, content: source }
  if (settings.chunkedBody === 'stream') return { length: undefined, content: source }
  return spool(source, settings, request.signal)
}

/** Frees what a request body holds. Never rejects: nothing is left to be done about it. */
export async function closeRequestBody(body: RequestBody): Promise<void> {
  if (isFile(body.content)) await body.content.close().catch(() => {})
}

/** Whether the content is a file: then the script can have it as its standard input. */
export function isFile(content: RequestBody['content']): content is FileHandle {
  return content !== null && 'fd' in content
}

/** Follows a body on its way to a script. */
export interface BodyObserver {
  /** So many more bytes of it have come from the client, for the script or to be discarded. */
  receive(bytes: number, isForScript: boolean): void
  /** It cannot go on. */
  fail(error: CgiError): void
}

/**
 * Writes the content to the standard input of a script, no faster than the script takes it. A script
 * that closes its input (EPIPE), ends, or has none, leaves the rest: it is received and discarded, since
 * many clients do not read before they have sent all.
 *
 * @returns resolves when the script takes no more of it; never rejects.
 */
export function sendToScript(
  content: Exclude<RequestBody['content'], null>,
  stdin: Writable | null,
  bodyLimit: number,
  observer: BodyObserver,
): Promise<void> {
  if (isStream(content)) observe(content, bodyLimit, observer)
  if (stdin === null) {
    if (isStream(content)) discard(content)
    return Promise.resolve()
  }
  // A script may close its input: EPIPE, ECONNRESET.
  stdin.on('error', () => {})
  const inputEnd = new Promise<void>((resolve) => {
    stdin.once('finish', resolve).once('close', resolve)
  })
  if (isStream(content)) {
    stdin.once('close', () => {
      content.unpipe(stdin)
      discard(content)
    })
    content.pipe(stdin)
  } else if (isFile(content)) sendFile(content, stdin, observer)
  else stdin.end(content)
  return inputEnd
}

function observe(content: Readable, bodyLimit: number, observer: BodyObserver): void {
  let received = 0
  content.on('data', (chunk: Buffer) => {
    received += chunk.length
    observer.receive(chunk.length, !unwanted.has(content))
    if (bodyLimit > 0 && received > bodyLimit) observer.fail(tooLarge(bodyLimit))
  })
  // Not the end of the input: a script must not take half a body for the whole.
  content.on('error', () => {})
  const fail = (): void => {
    if (!content.readableEnded) observer.fail(failureOf(content))
  }
  // What a hook has put in the place of the body may have failed while the script was started.
  if (content.destroyed) process.nextTick(fail)
  else content.once('close', fail)
}

function discard(content: Readable): void {
  if (!isReceived(content)) unwanted.add(content)
  content.resume()
}

/** For a transport that has no use for a file descriptor. The file stays open: it is the gateway's. */
function sendFile(file: FileHandle, stdin: Writable, observer: BodyObserver): void {
  const content = file.createReadStream({ start: 0, autoClose: false })
  content.on('error', (cause) => {
    observer.fail(new CgiError('CGI_ERR_SPOOL', { reason: String(cause), cause }))
  })
  stdin.once('close', () => content.unpipe(stdin).destroy())
  content.pipe(stdin)
}

/** What is discarded, since the script has closed its input: nobody waits for it. */
const unwanted = new WeakSet<Readable>()

/** Whether it is the client that is waited for, and not the script that takes nothing. */
export function isStalled(content: RequestBody['content']): boolean {
  if (!isStream(content) || isReceived(content) || unwanted.has(content)) return false
  return !content.isPaused()
}

/** Whether no more of a body is to come from the client. */
export function isReceived(content: RequestBody['content']): boolean {
  return !isStream(content) || content.readableEnded || content.destroyed
}

/** Whether it is still to come from the client. */
export function isStream(content: RequestBody['content']): content is Readable {
  return content !== null && 'readableEnded' in content
}

async function spool(
  source: Readable,
  { bodyLimit: limit, bodyTimeout, headersTimeout, minRate }: BodySettings,
  signal: ClientSignal,
): Promise<RequestBody> {
  // While a chunk is being written nobody waits for the next; its absence is noticed then.
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

/** What is said where a thread does not come to a file. */
const SLOW_FILE = {
  code: 'CGI_ERR_HEADERS_TIMEOUT',
  what: 'the request body has not been stored',
} as const

/** Nothing is left to be done where it fails. */
function closeFile(file: FileHandle): void {
  file.close().catch(() => {})
}

/** Takes one chunk after the other, as long as the client sends enough. */
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
