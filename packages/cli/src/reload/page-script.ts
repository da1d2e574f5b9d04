import type { FastifyReply, FastifyRequest } from 'fastify'
import { pipeline, type Readable, Transform, type TransformCallback } from 'node:stream'
import { STATUS_PATH } from '../access/access.js'
import { isLocalVisit } from '../access/local-client.js'
import type { RawRequest } from '../access/raw-exchange.js'

export const SCRIPT_PATH = `${STATUS_PATH}/reload.js`
export const EVENTS_PATH = `${STATUS_PATH}/reload`

/**
 * Each message names the version of the files; another one comes after a change, or from a command that was started again.
 * Over HTTP/1.1 a browser has six connections to a server for all its tabs: only a page that can be seen occupies one. In a
 * block, since names of a classic script are those of the page's own scripts, too.
 */
export const SCRIPT = `{
  let events
  let version
  const follow = () => {
    events?.close()
    if (document.hidden) return
    events = new EventSource('${EVENTS_PATH}')
    events.onmessage = ({ data }) => {
      if (version !== undefined && data !== version) location.reload()
      version = data
    }
  }
  document.addEventListener('visibilitychange', follow)
  follow()
}
`

/** Browsers take a script behind the end of a document for a part of its body. */
const ELEMENT = Buffer.from(`<script src="${SCRIPT_PATH}"></script>\n`)

/** Adds the script to a page that a browser on this machine has navigated to. Anything else stays as it is. */
export function addScript(request: FastifyRequest, reply: FastifyReply, payload: unknown): unknown {
  if (!isPage(request, reply)) return payload
  const given = addTo(payload)
  if (given === payload) return payload
  const length = reply.getHeader('content-length')
  if (length !== undefined) reply.header('content-length', Number(length) + ELEMENT.length)
  allowScript(reply)
  // They are those of the page without the script.
  reply.removeHeader('etag').removeHeader('last-modified')
  return given
}

/** A page that allows no script at all, such as the page of an error, would not reload once its reason is mended. */
function allowScript(reply: FastifyReply): void {
  const policy = String(reply.getHeader('content-security-policy'))
  if (!policy.startsWith("default-src 'none';") || policy.includes('script-src')) return
  reply.header('content-security-policy', `${policy}; script-src 'self'; connect-src 'self'`)
}

/** Has a page sent again that a browser may have got before `--watch`, without the script. */
export function dropValidators({ raw }: FastifyRequest): void {
  if (!isVisit(raw)) return
  delete raw.headers['if-none-match']
  delete raw.headers['if-modified-since']
}

/** Whether a browser on this machine navigates to a page. */
function isVisit(request: RawRequest): boolean {
  const { headers, method, url = '' } = request
  const destination = headers['sec-fetch-dest'] ?? 'document'
  return (
    method === 'GET' &&
    headers.accept?.includes('text/html') === true &&
    (destination === 'document' || destination === 'iframe') &&
    !url.startsWith(STATUS_PATH) &&
    isLocalVisit(request)
  )
}

function isPage({ raw }: FastifyRequest, reply: FastifyReply): boolean {
  return (
    isVisit(raw) &&
    // A part of a file, or no body.
    ![204, 206, 304].includes(reply.statusCode) &&
    /^text\/html(?:;\s*charset="?(?:utf-8|us-ascii|iso-8859-\d+|windows-\d+)"?)?\s*$/i.test(
      String(reply.getHeader('content-type')),
    ) &&
    !reply.hasHeader('content-encoding')
  )
}

function addTo(payload: unknown): unknown {
  if (typeof payload === 'string') return `${payload}${ELEMENT.toString()}`
  if (Buffer.isBuffer(payload)) return Buffer.concat([payload, ELEMENT])
  if (!isReadable(payload)) return payload
  const longer = new WithScript()
  // The end of either ends the other; Fastify reports an error of what it sends.
  pipeline(payload, longer, () => {})
  return longer
}

function isReadable(payload: unknown): payload is Readable {
  return typeof payload === 'object' && payload !== null && 'pipe' in payload
}

class WithScript extends Transform {
  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, chunk)
  }

  override _flush(done: TransformCallback): void {
    done(null, ELEMENT)
  }
}
