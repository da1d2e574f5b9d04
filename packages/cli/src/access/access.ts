import { hasLocalHost, isLocalClient } from './local-client.js'
import type { RawRequest } from './raw-exchange.js'
import type { Settings } from '../settings/settings.js'

/** The URL of the status page, without a trailing slash. */
export const STATUS_PATH = '/.common-gateway'

/** The URL of `--metrics`. */
export const METRICS_PATH = `${STATUS_PATH}/metrics`

/** Whether there is a status page. `NODE_ENV=production` and `--no-status` turn it off. */
export function hasStatusPage({ status }: Pick<Settings, 'status'>): boolean {
  return status && process.env['NODE_ENV'] !== 'production'
}

/** Why a client cannot see the status page. */
export interface Refusal {
  /** 404 for other machines, so that they do not learn that the page exists. */
  readonly status: 403 | 404
  readonly reason: string
}

/**
 * Why the status page is refused to a client; null for a client on this machine.
 *
 * Uses the address of the socket, which no field of the request can change. Requests that pages of other sites
 * send in the background are refused.
 */
export function refusalOf({
  socket,
  headers,
}: Pick<RawRequest, 'socket' | 'headers'>): Refusal | null {
  if (!isLocalClient({ socket, headers })) {
    return { status: 404, reason: 'Only this machine can open it.' }
  }
  if (!hasLocalHost({ headers })) {
    return { status: 403, reason: 'Open it as localhost or by a loopback address.' }
  }
  const site = headers['sec-fetch-site'] ?? 'none'
  const isForeign = site !== 'same-origin' && site !== 'none'
  if (isForeign && headers['sec-fetch-mode'] !== 'navigate') {
    return { status: 403, reason: 'Pages of other sites cannot request it.' }
  }
  return null
}

/** Whether a request is for the status page itself. The page does not show such requests. */
export function isStatusRequest(request: RawRequest): boolean {
  const [path = ''] = (request.url ?? '').split('?', 1)
  const isBelow = path === STATUS_PATH || path.startsWith(`${STATUS_PATH}/`)
  return isBelow && refusalOf(request) === null
}
