import path from 'node:path'
import { createFinalHeaderParser } from './early-hints.js'
import { CgiError, toCgiError } from '../data/cgi-error.js'
import { withTimeout } from '../data/with-timeout.js'
import type { ScriptHeader } from './header-parser.js'
import { createFirstByteReader, readHeader } from './header-reader.js'
import { loggerOf } from '../data/logger.js'
import type { CgiRequest, CgiResponse, LocalRedirect, NonParsedResponse } from '../data/message.js'
import type { OpenedFile } from './opened-file.js'
import { isReceived } from '../body/content.js'
import { createEmptyBody, endOfRequest, ResponseBody } from './response-body.js'
import { type ResponseHead, standardReason, toResponse } from './response-head.js'
import type { Script } from '../script/finder.js'
import type { ScriptRun } from '../run/run.js'
import {
  createFileBody,
  namesFile,
  openNamedFile,
  untilOpened,
  withoutFileName,
} from './sendfile.js'
import type { Settings } from '../options/settings.js'
import { readBeginning } from './body-beginning.js'

/** The answers that a script can give. */
export type CgiAnswer = CgiResponse | NonParsedResponse | LocalRedirect

/** A request and the script that runs for it. */
export interface Call {
  readonly request: CgiRequest
  readonly script: Script
  readonly run: ScriptRun
  readonly settings: Settings<never>
}

/** The most local redirects that are followed in a row: as many as Apache's LimitInternalRecursion. */
const MOST_LOCAL_REDIRECTS = 10

/**
 * Reads the answer of a script: its header, then the body for the client. On an error, the script is
 * stopped.
 *
 * @throws {CgiError} those of readHeader() and toResponse(); CGI_ERR_TOO_MANY_REDIRECTS
 */
export async function readAnswer(call: Call): Promise<CgiAnswer> {
  const { request, run, settings } = call
  if (isNonParsed(call)) {
    const { rest } = await readHeader(run, createFirstByteReader(), settings.headersTimeout)
    return { type: 'non-parsed', body: createBody(call, rest, undefined) }
  }
  const parser = createFinalHeaderParser(settings, (links) => request.sendEarlyHints?.(links))
  const header = await readHeader(run, parser, settings.headersTimeout)
  try {
    return await toAnswer(call, header)
  } catch (error) {
    const failure = toCgiError(error)
    run.fail(failure)
    throw failure
  }
}

/** No content; the response ends after the request body was received. */
export function noBody(request: CgiRequest, run: ScriptRun | null): CgiResponse['body'] {
  return isReceived(request.body) ? null : createEmptyBody(run, request.body)
}

function isNonParsed({ request, script, settings }: Call): boolean {
  // A script cannot write to an HTTP/2 connection itself: its streams share the connection.
  const isPlain = request.allowsNonParsed ?? request.httpVersion.startsWith('1.')
  return settings.nph && isPlain && path.basename(script.file).startsWith('nph-')
}

async function toAnswer(call: Call, header: ScriptHeader): Promise<CgiResponse | LocalRedirect> {
  const { request, run, settings } = call
  const head = toResponse(header)
  if (head.type === 'local-redirect') {
    checkRedirects(request)
    run.discard()
    await endOfRequest(run, request.body)
    await endOfScript(call)
    return head
  }
  const file = await openFile(call, head)
  if (file !== null) return toFileResponse(call, head, file)
  const { status, reason, contentLength, hasBody } = head
  const headers = withoutFileName(head)
  if (hasBody && request.method !== 'HEAD') {
    const { bytes, isWhole } = await readBeginning(run, header.rest, contentLength)
    // A framework would choose a type for bytes that have none.
    if (isWhole && head.hasContentType && isReceived(request.body)) {
      return { type: 'response', status, reason, headers, body: bytes }
    }
    const body = createBody(call, bytes, contentLength)
    if (settings.strict && !head.hasContentType) await checkEmpty(body)
    return { type: 'response', status, reason, headers, body }
  }
  run.discard()
  return { type: 'response', status, reason, headers, body: noBody(request, run) }
}

/** A request has one script at a time: the next one gets the slot that this one releases. */
async function endOfScript({ run, settings: { bodyTimeout } }: Call): Promise<void> {
  if (bodyTimeout === 0) await run.exit
  else if ((await withTimeout(run.exit, bodyTimeout)) === undefined) {
    const reason = `the script redirected, but did not exit within ${bodyTimeout} ms`
    throw new CgiError('CGI_ERR_BODY_TIMEOUT', { reason })
  }
  // The time limits of the run may have ended it first.
  const { error } = run.record
  if (error?.statusCode === 504) throw error
}

function checkRedirects({ localRedirects: { count } }: CgiRequest): void {
  if (count < MOST_LOCAL_REDIRECTS) return
  throw new CgiError('CGI_ERR_TOO_MANY_REDIRECTS', { reason: `${count} in a row` })
}

/** The file that a script names in the place of its own content; null if it names none. */
async function openFile(
  { request, script, settings }: Call,
  head: ResponseHead,
): Promise<OpenedFile | null> {
  if (!head.hasBody || !namesFile(head)) return null
  const folder = path.dirname(script.file)
  const opening = openNamedFile(head, request, folder, settings.sendfileRoots)
  // Without the request's signal: the run decides what a disconnect of the client means.
  const file = await untilOpened(opening, settings)
  if (typeof file !== 'string') return file
  const facts = { script: script.file, reason: file }
  loggerOf(request, settings).warn(facts, 'the file named by the script was not sent')
  return null
}

function toFileResponse(
  { request, script, run }: Call,
  head: ResponseHead,
  file: OpenedFile,
): CgiResponse {
  const { status, headers, content } = file
  run.discard()
  return {
    type: 'response',
    status,
    reason: status === head.status ? head.reason : standardReason(status),
    headers,
    body: content
      ? createFileBody(content, script.file, () => endOfRequest(run, request.body))
      : noBody(request, run),
  }
}

function createBody(
  { request, run, settings: { bodyTimeout } }: Call,
  first: Buffer,
  contentLength: number | undefined,
): ResponseBody {
  return new ResponseBody({ run, first, contentLength, requestBody: request.body, bodyTimeout })
}

/** RFC 3875 section 6.3.1: a script MUST send a Content-Type with content. */
async function checkEmpty(body: ResponseBody): Promise<void> {
  if (await body.hasContent()) {
    throw new CgiError('CGI_ERR_BAD_HEADER', {
      reason: 'the response has content, but no Content-Type',
    })
  }
}
