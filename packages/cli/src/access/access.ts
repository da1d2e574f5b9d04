import { hasLocalHost, isLocalClient } from './local-client.js'
import type { RawRequest } from './raw-exchange.js'
import type { Settings } from '../settings/settings.js'

/** The path that everything of the status page is below. */
export const STATUS_PATH = '/.common-gateway'

/** Whether there is a status page: in development, where it is wanted. */
export function hasStatusPage({ status }: Pick<Settings, 'status'>): boolean {
  return status && process.env['NODE_ENV'] !== 'production'
}

/** Why the status page is not for somebody. */
export interface Refusal {
  /** 404 where even its presence is nobody's business. */
  readonly status: 403 | 404
  readonly reason: string
}

/**
 * Whether the status page may be shown to whoever asks: it is for the person at this machine. Null if so.
 *
 * The peer is judged by its socket's own address; no field of the request can make it another. What other sites ask for in the background is refused before it costs anything.
 */
export function refusalOf({
  socket,
  headers,
}: Pick<RawRequest, 'socket' | 'headers'>): Refusal | null {
  if (!isLocalClient({ socket, headers })) {
    return { status: 404, reason: 'It is for this machine alone.' }
  }
  if (!hasLocalHost({ headers })) {
    return { status: 403, reason: 'It answers as localhost, or by a loopback address, alone.' }
  }
  const site = headers['sec-fetch-site'] ?? 'none'
  const isForeign = site !== 'same-origin' && site !== 'none'
  if (isForeign && headers['sec-fetch-mode'] !== 'navigate') {
    return { status: 403, reason: 'It is not for other sites.' }
  }
  return null
}

/** Whether a request is one of the page's own, which are no part of what it shows. */
export function isStatusRequest(request: RawRequest): boolean {
  const [path = ''] = (request.url ?? '').split('?', 1)
  const isBelow = path === STATUS_PATH || path.startsWith(`${STATUS_PATH}/`)
  return isBelow && refusalOf(request) === null
}
