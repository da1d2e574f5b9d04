import { type SendResult, send } from '@fastify/send'
import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import { Readable } from 'node:stream'
import { fromByteString } from './byte-string.js'
import { CgiError } from './errors.js'
import { type HeaderField, valuesOf } from './header-fields.js'
import type { CgiRequest } from './message.js'
import { decodeSegments } from './url-path.js'

/** The fields by which a script names a file to be sent in its place. */
const NAMES = ['x-sendfile', 'x-accel-redirect'] as const

/** An entity tag that no file has. */
const NO_MATCH = '"none"'

/** What a script has answered. */
interface Head {
  readonly status: number
  readonly headers: readonly HeaderField[]
}

/** A file that a script has named, as the answer to a request. */
export interface SentFile {
  readonly status: number
  readonly headers: readonly HeaderField[]
  /** How many bytes the content has. */
  readonly contentLength: number
  /** Null where this request gets no content. */
  readonly content: Readable | null
}

/** Whether a script's response names a file to be sent. */
export function namesFile({ headers }: Head): boolean {
  return headers.some(([name]) => isSendfile(name))
}

/** The header without the fields that name a file. They are never for the client. */
export function withoutFileName({ headers }: Head): HeaderField[] {
  return headers.filter(([name]) => !isSendfile(name))
}

/**
 * Finds the file that a script's header names, and reads the request's ranges and validators for it
 * (RFC 9110 sections 13 and 14).
 *
 * @param folder - the script's; a relative path begins there.
 * @param roots - folders that the file's real path must lie in one of.
 * @returns the reason where there is no such file.
 */
export async function openNamedFile(
  head: Head,
  request: CgiRequest,
  folder: string,
  roots: readonly string[],
): Promise<SentFile | string> {
  if (roots.length === 0) return 'there are no sendfileRoots'
  const realRoots = await Promise.all(roots.map(realPath))
  for (const candidate of candidates(head, folder, roots)) {
    const file = await realPath(candidate)
    const root = file && realRoots.find((each) => each !== null && isInside(file, each))
    if (root && (await isReadable(file))) return open(file, root, head, request)
  }
  return 'it is no file that can be read in one of the sendfileRoots'
}

function isSendfile(name: string): boolean {
  const lowerCase = name.toLowerCase()
  return NAMES.some((each) => each === lowerCase)
}

/**
 * Which files may be meant. Scripts send the path as it is, or encoded as in a URL (as Rack does, and as
 * lighttpd and mod_xsendfile expect); for nginx it is a path below a folder of the server's.
 */
function candidates({ headers }: Head, folder: string, roots: readonly string[]): string[] {
  const [sendfile, accelRedirect] = NAMES.map((name) => valuesOf(headers, name)[0])
  const paths: string[] = []
  if (sendfile !== undefined) {
    for (const each of [fromByteString(sendfile), decode(sendfile)]) {
      if (each) paths.push(path.resolve(folder, each))
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
  return decodeSegments(value)?.join('/') ?? null
}

function isInside(file: string, folder: string): boolean {
  return file.startsWith(folder.endsWith(path.sep) ? folder : folder + path.sep)
}

/** Null where there is nothing. */
async function realPath(file: string): Promise<string | null> {
  // A path that is too long, or cannot be looked at, is one that is not there.
  return file.includes('\0') ? null : realpath(file).catch(() => null)
}

async function isReadable(file: string): Promise<boolean> {
  try {
    await access(file, constants.R_OK)
    return (await stat(file)).isFile()
  } catch {
    return false
  }
}

async function open(
  file: string,
  root: string,
  head: Head,
  request: CgiRequest,
): Promise<SentFile | string> {
  const relative = path.relative(root, file).split(path.sep).map(encodeURIComponent).join('/')
  const result = await send(toConditions(request, head.status), relative, {
    root,
    dotfiles: 'allow',
    index: false,
    cacheControl: false,
  })
  if (result.type !== 'file' && ![412, 416].includes(result.statusCode)) {
    result.stream.destroy()
    return 'it has gone while it was looked for'
  }
  const status = head.status === 200 ? result.statusCode : head.status
  const contentLength = Number(result.headers['Content-Length'] ?? 0)
  const isContentSent = request.method !== 'HEAD' && status !== 304
  if (!isContentSent) result.stream.destroy()
  return {
    status,
    headers: joinHeaders(withoutFileName(head), result),
    contentLength,
    content: isContentSent ? result.stream : null,
  }
}

/** What of a request bears on what is sent: conditions are for a 200 only, and ranges for a GET. */
function toConditions({ method, headers }: CgiRequest, status: number): IncomingMessage {
  const conditions: Record<string, string> = {}
  if (status === 200 && (method === 'GET' || method === 'HEAD')) {
    for (const [name, value] of headers) {
      const lowerCase = name.toLowerCase()
      const before = conditions[lowerCase]
      conditions[lowerCase] = before === undefined ? value : `${before}, ${value}`
    }
    // The validator is a weak one. Sections 13.1.5 and 13.1.1: it does for neither of these.
    const isWeak = conditions['if-range']?.trimStart().startsWith('W/') ?? false
    if (method === 'HEAD' || isWeak) delete conditions['range']
    if (conditions['if-match'] !== undefined && conditions['if-match'].trim() !== '*') {
      conditions['if-match'] = NO_MATCH
    }
  }
  // These two are all that it looks at.
  return { method, headers: conditions } as unknown as IncomingMessage
}

/**
 * The script says what the file is (its type, its name, how long it keeps), the file how it is sent.
 */
function joinHeaders(own: HeaderField[], { headers, type, statusCode }: SendResult): HeaderField[] {
  const isFile = type === 'file' && statusCode !== 304
  const ofFile = Object.entries(headers).filter(
    ([name]) => !(isFile && name === 'Content-Type' && valuesOf(own, 'content-type').length > 0),
  )
  // Conditions and ranges have been held to the validators of the file.
  const replaced = new Set(['content-length', 'etag', 'last-modified'])
  for (const [name] of ofFile) replaced.add(name.toLowerCase())
  const kept = own.filter(([name]) => {
    const lowerCase = name.toLowerCase()
    return !replaced.has(lowerCase) && (isFile || !lowerCase.startsWith('content-'))
  })
  // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- Content-Length is a number there
  return [...kept, ...ofFile.map(([name, value]) => [name, String(value)] as const)]
}

/**
 * A file as the body of a script's response. It fails where the file has become shorter than it was
 * said to be, and ends when `ended` has resolved.
 */
export function createFileBody(
  content: Readable,
  contentLength: number,
  script: string,
  ended: () => Promise<void>,
): Readable {
  async function* read(): AsyncGenerator<Buffer> {
    let left = contentLength
    try {
      // A file that is read without an encoding gives Buffers.
      for await (const chunk of content as AsyncIterable<Buffer>) {
        left -= chunk.length
        yield chunk
      }
    } catch (cause) {
      throw new CgiError('CGI_ERR_SHORT_BODY', { script, reason: String(cause), cause })
    }
    if (left > 0) {
      const reason = 'the file that it has named became shorter'
      throw new CgiError('CGI_ERR_SHORT_BODY', { script, reason })
    }
    await ended()
  }
  const body = Readable.from(read(), { objectMode: false })
  // Either may fail before anybody reads it; streams keep their errors for whoever does then.
  content.on('error', () => {})
  body.on('error', () => {})
  // What nobody has begun to read does not close what it would have read.
  return body.once('close', () => content.destroy())
}
