import type { CgiHandler } from '@common-gateway/core'
import { toOriginForm } from '@common-gateway/core/adapter'
import type { IncomingMessage } from 'node:http'

/** What frameworks with middlewares tell of where one is mounted. */
export interface MountedRequest extends IncomingMessage {
  /** Express: the path that this middleware, and the routers around it, are mounted at. */
  baseUrl?: string
  /** Express, Connect, Polka, middie: the URL before they have shortened it. */
  originalUrl?: string
}

/** Where a gateway is mounted, and the URL to process, the mount included. */
export interface Place {
  readonly mount: string
  readonly url: string
}

/**
 * Where a gateway is for this request; null: somewhere else.
 *
 * @param isPrefixGiven - whether the gateway has a prefix below what it is mounted at; else it is served
 *   where it is mounted, if it is.
 * @throws {CgiError} what the handler's findMount() throws
 */
export function findPlace(
  request: MountedRequest,
  handler: Pick<CgiHandler, 'findMount'>,
  isPrefixGiven: boolean,
): Place | null {
  const { mount, url } = placeOf(request)
  if (mount !== '' && !isPrefixGiven) return { mount, url }
  const rest = url.slice(mount.length)
  // A target in absolute form of which the framework has cut off the mount: `ftp://host/a.cgi`.
  const found = /^(?:[/?]|$)/.test(rest) ? handler.findMount(url, mount) : handler.findMount(rest)
  return found === null ? null : { mount: found, url }
}

/** What the framework has cut off is the mount. */
function placeOf({ baseUrl, originalUrl, url = '/' }: MountedRequest): Place {
  const current = toOriginForm(url)
  if (baseUrl === '' || (baseUrl === undefined && (originalUrl ?? url) === url)) {
    return { mount: '', url: current }
  }
  const path = pathOf(current)
  const original = pathOf(toOriginForm(originalUrl ?? url))
  const [mount, rest] = baseUrl === undefined ? cut(original, path) : [baseUrl, path]
  // Of a URL that is the mount itself, a framework makes `/`.
  const isSlashAdded = path === '/' && original === mount
  return { mount, url: mount + (isSlashAdded ? '' : rest) + current.slice(path.length) }
}

/** A path in two: what a framework has cut off, and what it has left, which may have lost its last slash. */
function cut(original: string, path: string): [mount: string, rest: string] {
  for (const rest of [path, `${path}/`]) {
    // middie can make one of several slashes, too.
    if (original.endsWith(rest)) return [original.slice(0, -rest.length).replace(/\/+$/, ''), rest]
  }
  return path === '/' ? [original, path] : ['', path]
}

function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}
