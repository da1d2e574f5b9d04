import { realpath } from 'node:fs/promises'
import path from 'node:path'
import { withheld } from '../script/lookup-error.js'
import type { CgiRequest, CgiResponse } from '../data/message.js'
import type { OpenedFile } from './opened-file.js'
import { standardReason } from './response-head.js'
import { endOfRequest } from './response-body.js'
import type { OtherFile } from '../script/finder.js'
import { noBody } from './answer.js'
import { createFileBody, openFileAs, untilOpened } from './sendfile.js'
import type { Settings } from '../options/settings.js'

/** Types by extension that @fastify/send has by their names of before RFC 9239. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}

/**
 * Answers with a file that lies beside scripts.
 *
 * @throws {CgiError} CGI_ERR_NOT_FOUND where it has gone, and what {@link untilOpened} throws.
 */
export async function answerWithFile(
  request: CgiRequest,
  { file }: Pick<OtherFile, 'file'>,
  settings: Pick<Settings<never>, 'headersTimeout'>,
): Promise<CgiResponse> {
  const opened = await untilOpened(open(request, file), settings, request.signal)
  if (opened === null) throw withheld(file, 'the file cannot be read')
  const { status, headers, content } = opened
  return {
    type: 'response',
    status,
    reason: standardReason(status),
    headers,
    body: content
      ? createFileBody(content, file, () => endOfRequest(null, request.body))
      : noBody(request, null),
  }
}

async function open(request: CgiRequest, file: string): Promise<OpenedFile | null> {
  const type = TYPES[path.extname(file).toLowerCase()]
  // Scripts store what people upload, and no browser shall take a text for a page.
  const headers: CgiResponse['headers'] = [
    ['X-Content-Type-Options', 'nosniff'],
    ...(type === undefined ? [] : [['Content-Type', type] as const]),
  ]
  // Links in the root lead where they may.
  const realFile = await realpath(file).catch(() => null)
  return realFile === null ? null : openFileAs({ status: 200, headers }, request, realFile, file)
}
