import type { SendResult } from '@fastify/send'
import * as fs from 'node:fs'
import type { IncomingMessage } from 'node:http'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { codeOf } from '../data/error-code.js'
import type { HeaderField } from '../data/header-fields.js'
import { type FileSender, loadFileSender } from './file-sender.js'

const open = promisify(fs.open)
const fstat = promisify(fs.fstat)
const close = promisify(fs.close)

/**
 * `O_NONBLOCK`: a FIFO that has come in the place of the file is opened at once, and not when it gets a
 * writer. `O_NOFOLLOW`: nor is a link that has.
 */
const FLAGS =
  fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOCTTY | fs.constants.O_NOFOLLOW

/** What open(2) and stat(2) say where there is no regular file. */
const ABSENCES = new Set([
  'EISDIR',
  'ELOOP',
  'ENAMETOOLONG',
  'ENODEV',
  'ENOENT',
  'ENOTDIR',
  'ENXIO',
  'EOPNOTSUPP',
])

/** How often to retry when a file changes between stat(2) and open(2). */
const MOST_LOOKS = 3

/** An entity tag that never matches. */
const NO_MATCH = '"none"'

/** What of a request bears on a file that is sent. */
export interface FileRequest {
  readonly method: string
  /** Names in lower case; what came twice is joined by a comma. */
  readonly headers: Readonly<Record<string, string | undefined>>
}

/** A regular file that is open, as the answer to a request. */
export interface OpenedFile {
  /** 200 or 206; 304, 412 or 416 where the request has a condition or a range that says so. */
  readonly status: number
  /** Type, length, range and validators. */
  readonly headers: readonly HeaderField[]
  readonly contentLength: number
  /**
   * As many bytes as `contentLength` says: it fails where the file has become shorter. Null where this
   * request gets none. It holds the file open until it ends or is destroyed.
   */
  readonly content: Readable | null
}

/**
 * Opens a regular file, and reads the request's ranges and validators for it (RFC 9110 sections 13
 * and 14). Nothing else is opened: opening a FIFO waits for a writer, and devices may do anything.
 *
 * @param file - an absolute real path.
 * @param name - the type is that of this name.
 * @returns null where there is no regular file.
 * @throws what open(2) says otherwise, such as `EACCES` or `EMFILE`.
 */
export async function openFile(
  file: string,
  request: FileRequest,
  name: string = file,
): Promise<OpenedFile | null> {
  for (let looks = 1; ; looks += 1) {
    const opened = await tryToOpen(file, request, name, looks === MOST_LOOKS)
    if (opened !== CHANGED) return opened
  }
}

/** The opened file is not the one that stat(2) described. */
const CHANGED = Symbol('changed')

async function tryToOpen(
  file: string,
  request: FileRequest,
  name: string,
  isLast: boolean,
): Promise<OpenedFile | null | typeof CHANGED> {
  const sender = await loadFileSender()
  let descriptor: number | undefined
  let isHandedOn = false
  try {
    let outcome: 'irregular' | 'changed' | undefined
    const result = await sender.send(
      toConditions(request),
      encodeURIComponent(path.basename(file)),
      {
        root: path.dirname(file),
        dotfiles: 'allow',
        index: false,
        cacheControl: false,
        contentType: false,
        async onFile(_path, seen) {
          if (!seen.isFile()) {
            outcome = 'irregular'
            return
          }
          descriptor = await open(file, FLAGS)
          const opened = await fstat(descriptor)
          if (!opened.isFile()) outcome = 'irregular'
          else if (!isSame(seen, opened) && !isLast) outcome = 'changed'
        },
      },
    )
    if (outcome === 'changed') return CHANGED
    if (outcome === 'irregular' || descriptor === undefined) return checkAbsence(result)
    const opened = toOpenedFile(sender, result, request, name, descriptor)
    isHandedOn = opened.content !== null && result.type === 'file'
    return opened
  } catch (error) {
    if (isAbsence(error)) return null
    throw error
  } finally {
    if (descriptor !== undefined && !isHandedOn) await close(descriptor)
  }
}

function isSame(seen: fs.Stats, opened: fs.Stats): boolean {
  return (
    seen.ino === opened.ino &&
    seen.dev === opened.dev &&
    seen.size === opened.size &&
    seen.mtimeMs === opened.mtimeMs
  )
}

/** @throws what stat(2) said, unless it is that there is no such file. */
function checkAbsence(result: SendResult): null {
  if (result.type === 'error' && result.statusCode >= 500) throw result.metadata.error
  return null
}

function isAbsence(error: unknown): boolean {
  return ABSENCES.has(codeOf(error))
}

/** Conditions of a request; it is one of HEAD, since the content is read from what has been opened. */
function toConditions({ method, headers }: FileRequest): IncomingMessage {
  const conditions: Record<string, string> = {}
  if (method === 'GET' || method === 'HEAD') {
    for (const name of CONDITIONS) {
      const value = headers[name]
      if (value !== undefined) conditions[name] = value
    }
    const { range, 'if-range': ifRange, 'if-match': ifMatch } = conditions
    // The validator is a weak one. Sections 13.1.5 and 13.1.1: it does for neither of these.
    const isWeak = ifRange?.trimStart().startsWith('W/') ?? false
    delete conditions['range']
    if (range !== undefined && method === 'GET' && !isWeak && isRange(range)) {
      // Section 14.1: the name of the unit is case-insensitive; it does not know that.
      conditions['range'] = range.toLowerCase()
    }
    if (ifMatch !== undefined && ifMatch.trim() !== '*') conditions['if-match'] = NO_MATCH
  }
  // `send` reads only these two.
  return { method: 'HEAD', headers: conditions } as unknown as IncomingMessage
}

/** The fields that say whether a file is sent, and what of it. */
const CONDITIONS = [
  'cache-control',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'range',
]

/** Whether a Range is one of bytes that is valid (section 14.1.1); one that is not is ignored. */
function isRange(value: string): boolean {
  const [, set] = /^ *bytes=(.*)$/i.exec(value) ?? []
  return (
    set?.split(',').every((each) => {
      const [, first, last] = /^\s*(\d*)-(\d*)\s*$/.exec(each) ?? []
      if (first === undefined || last === undefined || first + last === '') return false
      return first === '' || last === '' || Number(first) <= Number(last)
    }) ?? false
  )
}

function toOpenedFile(
  { mime, isUtf8MimeType }: FileSender,
  result: SendResult,
  { method }: FileRequest,
  name: string,
  descriptor: number,
): OpenedFile {
  const { statusCode: status } = result
  const contentLength = Number(result.headers['Content-Length'] ?? 0)
  const headers: HeaderField[] = []
  for (const [key, value] of Object.entries(result.headers)) {
    // oxlint-disable-next-line typescript/no-unnecessary-type-conversion -- Content-Length is a number there
    headers.push([key, String(value)])
  }
  if (result.type === 'file' && status !== 304) {
    const type = mime.getType(name)
    if (type) headers.push(['Content-Type', isUtf8MimeType(type) ? `${type}; charset=utf-8` : type])
  }
  return { status, headers, contentLength, content: contentOf(result) }

  function contentOf({ type, stream }: SendResult): Readable | null {
    if (method === 'HEAD' || status === 304) return null
    if (type !== 'file') return stream
    // An empty file may have content by now.
    if (contentLength === 0) return null
    const [, first = '0'] = /^bytes (\d+)-/.exec(result.headers['Content-Range'] ?? '') ?? []
    return readExactly(descriptor, Number(first), contentLength)
  }
}

/** Reads so many bytes of an open file, and closes it; to find fewer is an error. */
function readExactly(descriptor: number, start: number, length: number): Readable {
  return fs.createReadStream('', {
    fd: descriptor,
    start,
    end: start + length - 1,
    fs: {
      close: fs.close,
      read(
        fd: number,
        buffer: Buffer,
        offset: number,
        size: number,
        position: number,
        done: (error: Error | null, size: number, buffer: Buffer) => void,
      ) {
        fs.read(fd, buffer, offset, size, position, (error, count) => {
          // Never reads past the last byte, so a count of 0 means that the file was truncated.
          done(error ?? (count === 0 ? new Error('the file became shorter') : null), count, buffer)
        })
      },
    },
  })
}
