import { CgiError } from '@common-gateway/core'
import { breakResponse } from '@common-gateway/core/adapter'
import { type OpenedFile, openFile } from '@common-gateway/core/steps'
import type { FastifyReply } from 'fastify'
import path from 'node:path'
import { type FoundFile, lookUpEntry } from '../site/file-lookup.js'
import type { RawRequest } from '../access/raw-exchange.js'
import type { Site } from '../site/site.js'

/** Types for which the table of `mime` has an obsolete name (RFC 9239) or no name. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.py': 'text/x-python; charset=utf-8',
}

/**
 * Sends the file that a GET or HEAD request names. Null if it names none; nothing is sent then.
 *
 * @throws {CgiError} for a file that can be the source of a script; errors with a status for other files that
 *   must not be sent.
 */
export async function sendStaticFile(
  raw: RawRequest,
  reply: FastifyReply,
  site: Site,
): Promise<FastifyReply | null> {
  const found = lookUpEntry(raw.url ?? '/', site)
  switch (found?.type) {
    case 'redirect':
      return reply.redirect(found.location, 301)
    case 'withheld':
      throw new WithheldError()
    case 'source':
      throw refuseSource(found.file)
    case 'unreadable':
      throw new UnreadableError(found.file)
    case 'file': {
      const opened = await open(found, raw)
      return opened === null ? null : sendFile(opened, found, reply)
    }
    default:
      return null
  }
}

/** The error for a file outside the folders of scripts that can be the source of a script. */
export function refuseSource(script: string): CgiError {
  const reason = 'it can be the source of a script and is outside the folders of scripts'
  return new CgiError('CGI_ERR_NOT_EXECUTABLE', { script, reason })
}

/** @throws {UnreadableError}, or the system error of open(2). */
async function open(
  { file, realFile }: FoundFile,
  { method = 'GET', headers }: RawRequest,
): Promise<OpenedFile | null> {
  const single = Object.entries(headers).map(([name, value]) => [name, value?.toString()])
  const request = { method, headers: Object.fromEntries(single) as Record<string, string> }
  try {
    return await openFile(realFile, request, file)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    throw code === 'EACCES' || code === 'EPERM' ? new UnreadableError(file) : error
  }
}

function sendFile(
  { status, headers, content }: OpenedFile,
  { file }: FoundFile,
  reply: FastifyReply,
): FastifyReply {
  if (status >= 400) {
    content?.destroy()
    throw new ConditionError(status, headers)
  }
  reply.code(status).headers(Object.fromEntries(headers))
  reply.header('cache-control', 'max-age=0')
  if (status !== 304) {
    const type = TYPES[path.extname(file).toLowerCase()]
    if (type !== undefined) reply.header('content-type', type)
    else if (!reply.hasHeader('content-type')) reply.type('application/octet-stream')
  }
  content?.once('error', () => {
    if (reply.raw.headersSent) breakResponse(reply.request.raw, reply.raw)
  })
  return reply.send(content ?? undefined)
}

/** The file must not be sent. The response is the same as for a missing file. */
class WithheldError extends Error {
  readonly statusCode = 404
}

/** The file exists, but this user cannot read it. */
class UnreadableError extends Error {
  readonly statusCode = 403
  readonly reason: string

  constructor(file: string) {
    super('The server cannot read the file')
    this.reason = file
  }
}

/** A condition of the request is false, or its range is outside the file. */
class ConditionError extends Error {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(statusCode: number, headers: OpenedFile['headers']) {
    super('The conditions or the range of the request do not match the file')
    this.statusCode = statusCode
    // The other fields describe the content of an error page, which is not sent.
    const range = headers.find(([name]) => name === 'Content-Range')
    this.headers = range === undefined ? {} : Object.fromEntries([range])
  }
}
