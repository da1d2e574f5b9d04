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

/** Types that @fastify/send still gives by their names from before RFC 9239. */
const TYPES: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
}

/**
 * Answers with a file that lies beside scripts.
 *
 * @throws {CgiError} CGI_ERR_NOT_FOUND if it no longer exists, and those of {@link untilOpened}.
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
  // Scripts may store uploads here: a browser must not render a text file as a page.
  const headers: CgiResponse['headers'] = [
    ['X-Content-Type-Options', 'nosniff'],
    ...(type === undefined ? [] : [['Content-Type', type] as const]),
  ]
  // The look-up has checked where links in the root lead.
  const realFile = await realpath(file).catch(() => null)
  return realFile === null ? null : openFileAs({ status: 200, headers }, request, realFile, file)
}
