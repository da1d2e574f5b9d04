import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { fromByteString } from '../data/byte-string.js'
import { isInside } from '../data/path-inside.js'
import { CgiError } from '../data/cgi-error.js'
import { type HeaderField, valuesOf } from '../data/header-fields.js'
import type { CgiRequest, ClientSignal } from '../data/message.js'
import { type FileRequest, type OpenedFile, openFile } from './opened-file.js'
import type { Settings } from '../options/settings.js'
import { StartAttempt } from '../data/start-attempt.js'
import { toSystemError } from '../data/system-error.js'
import { decodeSegments } from '../request/url-path.js'

/** The fields by which a script names a file to be sent in its place. */
const NAMES = ['x-sendfile', 'x-accel-redirect'] as const

/** Status and fields of a response. */
interface Head {
  readonly status: number
  readonly headers: readonly HeaderField[]
}

/** Whether a script's response names a file to be sent. */
export function namesFile({ headers }: Head): boolean {
  return headers.some(([name]) => isSendfile(name))
}

/** The header without the fields that name a file: the client never gets them. */
export function withoutFileName({ headers }: Head): HeaderField[] {
  return headers.filter(([name]) => !isSendfile(name))
}

/**
 * Opens the file that a script's header names, and evaluates the request's ranges and validators for it
 * (RFC 9110 sections 13 and 14).
 *
 * @param folder - the script's folder, which a relative path starts from.
 * @param roots - the file's real path must lie in one of these folders.
 * @returns the reason as a string if there is no such file.
 */
export async function openNamedFile(
  head: Head,
  request: CgiRequest,
  folder: string,
  roots: readonly string[],
): Promise<OpenedFile | string> {
  if (roots.length === 0) return '`sendfileRoots` is empty'
  const realRoots = await Promise.all(roots.map(realPath))
  for (const candidate of candidates(head, folder, roots)) {
    const file = await realPath(candidate)
    const root = file && realRoots.find((realRoot) => realRoot !== null && isInside(file, realRoot))
    const opened = root ? await openFileAs(head, request, file) : null
    if (opened !== null) return opened
  }
  return 'no readable file of that name is in `sendfileRoots`'
}

function isSendfile(name: string): boolean {
  const lowerCase = name.toLowerCase()
  return NAMES.some((field) => field === lowerCase)
}

/**
 * The paths that a header may mean. Scripts send a path as it is, or encoded as in a URL (as Rack does, and as
 * lighttpd and mod_xsendfile expect); for nginx it is a path below a folder of the server.
 */
function candidates({ headers }: Head, folder: string, roots: readonly string[]): string[] {
  const [sendfile, accelRedirect] = NAMES.map((name) => valuesOf(headers, name)[0])
  const paths: string[] = []
  if (sendfile !== undefined) {
    for (const file of [fromByteString(sendfile), decode(sendfile)]) {
      if (file) paths.push(path.resolve(folder, file))
    }
  }
  const [withoutQuery = ''] = (accelRedirect ?? '').split('?', 1)
  const location = decode(withoutQuery)
  if (location?.startsWith('/') === true) {
    paths.push(location, ...roots.map((root) => path.join(root, location)))
  }
  return paths
}

function decode(value: string): string | null {
  const bytes = decodeSegments(value)?.join('/')
  return bytes === undefined ? null : fromByteString(bytes)
}

/** The real path; null if there is no such file. */
async function realPath(file: string): Promise<string | null> {
  // A path that is too long, or may not be read, counts as missing.
  return file.includes('\0') ? null : realpath(file).catch(() => null)
}

/**
 * Opens a file as the answer to a request.
 *
 * @param head - status and fields of the answer.
 * @param file - an absolute real path.
 * @param name - the file name that determines the type.
 * @returns null if it is not a readable file.
 * @throws {CgiError} CGI_ERR_NO_RESOURCES
 */
export async function openFileAs(
  head: Head,
  request: CgiRequest,
  file: string,
  name: string = file,
): Promise<OpenedFile | null> {
  try {
    const opened = await openFile(file, toFileRequest(request, head.status), name)
    return opened && combine(head, opened)
  } catch (error) {
    const failure = toSystemError(error, file)
    // A later request may be able to open it.
    if (failure.code === 'CGI_ERR_NO_RESOURCES') throw failure
    return null
  }
}

/**
 * Waits for a file at most `headersTimeout`: all threads that open files may be blocked.
 *
 * @param client - aborts when the client disconnects, which ends the wait.
 * @throws {CgiError} CGI_ERR_HEADERS_TIMEOUT, CGI_ERR_CLIENT_GONE, and those of `opening`.
 */
export async function untilOpened<Opened extends OpenedFile | string | null>(
  opening: Promise<Opened>,
  { headersTimeout }: Pick<Settings<never>, 'headersTimeout'>,
  client?: ClientSignal,
): Promise<Opened> {
  const limit = {
    milliseconds: headersTimeout,
    code: 'CGI_ERR_HEADERS_TIMEOUT',
    what: 'the file to send was not opened',
  } as const
  const attempt = new StartAttempt(client)
  try {
    return await attempt.until(opening, closeContent, limit)
  } finally {
    attempt.end()
  }
}

function closeContent(opened: OpenedFile | string | null): void {
  if (opened !== null && typeof opened !== 'string') opened.content?.destroy()
}

/** Conditional and range fields apply to a 200 only. */
function toFileRequest({ method, headers }: CgiRequest, status: number): FileRequest {
  const joined: Record<string, string> = {}
  if (status === 200) {
    for (const [name, value] of headers) {
      const lowerCase = name.toLowerCase()
      const before = joined[lowerCase]
      joined[lowerCase] = before === undefined ? value : `${before}, ${value}`
    }
  }
  return { method, headers: joined }
}

function combine(head: Head, opened: OpenedFile): OpenedFile {
  const status = head.status === 200 ? opened.status : head.status
  return { ...opened, status, headers: joinHeaders(withoutFileName(head), opened) }
}

/**
 * The script's fields describe the file (type, name, caching); the file's fields describe its transfer.
 */
function joinHeaders(own: HeaderField[], { status, headers }: OpenedFile): HeaderField[] {
  const isFile = status === 200 || status === 206
  const ofFile = headers.filter(
    ([name]) => !(isFile && name === 'Content-Type' && valuesOf(own, 'content-type').length > 0),
  )
  // Conditions and ranges were evaluated against the file's validators, so the script's do not apply.
  const replaced = new Set(['content-length', 'etag', 'last-modified'])
  for (const [name] of ofFile) replaced.add(name.toLowerCase())
  const kept = own.filter(([name]) => {
    const lowerCase = name.toLowerCase()
    return !replaced.has(lowerCase) && (isFile || !lowerCase.startsWith('content-'))
  })
  return [...kept, ...ofFile]
}

/** A file as the body of a script's response; it ends after `ended` has resolved. */
export function createFileBody(
  content: Readable,
  script: string,
  ended: () => Promise<void>,
): Readable {
  async function* read(): AsyncGenerator<Buffer> {
    try {
      // A file that is read without an encoding gives Buffers.
      yield* content as AsyncIterable<Buffer>
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      throw new CgiError('CGI_ERR_SHORT_BODY', { script, reason, cause })
    }
    await ended()
  }
  const body = Readable.from(read(), { objectMode: false })
  // Either may fail before it has a reader; streams keep the error for a later one.
  content.on('error', () => {})
  body.on('error', () => {})
  // A generator that has not started does not run its cleanup, so `content` is closed here.
  return body.once('close', () => content.destroy())
}
