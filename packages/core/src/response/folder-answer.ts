import type { CgiRequest, CgiResponse } from '../data/message.js'
import type { RequestTarget } from '../request/target.js'
import type { FolderRedirect } from '../script/finder.js'
import { noBody } from './answer.js'
import { standardReason } from './response-head.js'

/** Redirects to the URL of a folder with its slash; the query stays. */
export function answerWithRedirect(
  request: CgiRequest,
  { query }: RequestTarget,
  { location }: FolderRedirect,
): CgiResponse {
  return {
    type: 'response',
    status: 308,
    reason: standardReason(308),
    headers: [['Location', query === '' ? location : `${location}?${query}`]],
    body: noBody(request, null),
  }
}
