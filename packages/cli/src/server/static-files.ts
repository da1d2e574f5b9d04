import { CgiError } from '@common-gateway/core'
import { breakResponse } from '@common-gateway/core/adapter'
import { type OpenedFile, openFile } from '@common-gateway/core/steps'
import type { FastifyReply } from 'fastify'
import path from 'node:path'
import { type FoundFile, lookUpEntry } from '../site/file-lookup.js'
import type { RawRequest } from '../access/raw-exchange.js'
import type { Site } from '../site/site.js'

/** Types that the table of `mime` has by names of long ago (RFC 9239), or does not have. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.py': 'text/x-python; charset=utf-8',
}

/**
 * Sends the file that a GET or HEAD request names. Null where it names none, and nothing has been sent.
 *
 * @throws {CgiError} for what could be the source of a script; errors with a status for what is withheld.
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

/** The error for what could be the source of a script, where no scripts are run. */
export function refuseSource(script: string): CgiError {
  const reason = 'it may be the source of a script, outside of the folders of scripts'
  return new CgiError('CGI_ERR_NOT_EXECUTABLE', { script, reason })
}

/** @throws {UnreadableError} and what open(2) says else. */
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

/** Answered as if nothing were there. */
class WithheldError extends Error {
  readonly statusCode = 404
}

/** The file is there, but this user may not read it. */
class UnreadableError extends Error {
  readonly statusCode = 403
  readonly reason: string

  constructor(file: string) {
    super('The server may not read the file')
    this.reason = file
  }
}

/** A condition of the request does not hold, or its range lies outside of the file. */
class ConditionError extends Error {
  readonly statusCode: number
  readonly headers: Readonly<Record<string, string>>

  constructor(statusCode: number, headers: OpenedFile['headers']) {
    super('The file does not meet the conditions of the request')
    this.statusCode = statusCode
    // The others are of a page that is not sent.
    const range = headers.find(([name]) => name === 'Content-Range')
    this.headers = range === undefined ? {} : Object.fromEntries([range])
  }
}
