import { CgiError } from '@common-gateway/core/transport'
import { encodePair } from './name-value-pair.js'
import {
  BEGIN_REQUEST,
  HEADER_SIZE,
  LONGEST_CONTENT,
  PARAMS,
  recordHeader,
  STDIN,
} from './record.js'

/** The variables that contain the request-target. */
const TARGET_VARIABLES = new Set(['REQUEST_URI', 'QUERY_STRING', 'PATH_INFO', 'PATH_TRANSLATED'])

const ROLE_RESPONDER = 1
const KEEP_CONNECTION = 1

/** The records before a request body. */
export interface RequestHead {
  readonly id: number
  /** Values are byte strings: one character for each byte. */
  readonly environment: Readonly<Record<string, string>>
  /** Whether the application is to keep the connection open after its answer. */
  readonly keepConnection: boolean
  /** `false`: standard input ends at once. */
  readonly hasBody: boolean
}

/**
 * BEGIN_REQUEST, PARAMS and, without a body, the end of STDIN. No pair is cut by the end of a record, since PHP
 * resets the connection then.
 *
 * One string is built, and written to memory once: two writes for each of thirty variables would take twice the time.
 *
 * @throws {CgiError} CGI_ERR_FIELD_TOO_LARGE, or CGI_ERR_TARGET_TOO_LONG, for a variable that does not fit in a record.
 */
export function encodeRequest(head: RequestHead): Buffer {
  const { id, environment } = head
  let records = beginRequest(head)
  let content = ''
  for (const name in environment) {
    const pair = encodePair(name, environment[name] ?? '')
    if (content.length + pair.length > LONGEST_CONTENT) {
      if (pair.length > LONGEST_CONTENT) throw toSizeError(name, pair.length)
      records += recordHeader(PARAMS, id, content.length) + content
      content = ''
    }
    content += pair
  }
  // An empty record would be the end.
  if (content !== '') records += recordHeader(PARAMS, id, content.length) + content
  records += recordHeader(PARAMS, id, 0)
  if (!head.hasBody) records += recordHeader(STDIN, id, 0)
  return Buffer.from(records, 'latin1')
}

/** How many bytes at the end of {@link encodeRequest} follow the last variable: without them, no application begins. */
export function endSizeOf({ hasBody }: Pick<RequestHead, 'hasBody'>): number {
  return hasBody ? HEADER_SIZE : 2 * HEADER_SIZE
}

function beginRequest({ id, keepConnection }: RequestHead): string {
  const flags = keepConnection ? KEEP_CONNECTION : 0
  const content = String.fromCharCode(0, ROLE_RESPONDER, flags, 0, 0, 0, 0, 0)
  return recordHeader(BEGIN_REQUEST, id, content.length) + content
}

function toSizeError(name: string, size: number): CgiError {
  const code = TARGET_VARIABLES.has(name) ? 'CGI_ERR_TARGET_TOO_LONG' : 'CGI_ERR_FIELD_TOO_LARGE'
  return new CgiError(code, {
    reason: `${name} has ${size} bytes, and a FastCGI record holds ${LONGEST_CONTENT}`,
  })
}
