import type { CgiHandler } from '@common-gateway/core'
import { toOriginForm } from '@common-gateway/core/adapter'
import type { IncomingMessage } from 'node:http'

/** A request with what frameworks say about where a middleware is mounted. */
export interface MountedRequest extends IncomingMessage {
  /** Express: the path of this middleware and the routers around it. */
  baseUrl?: string
  /** Express, Connect, Polka, middie: the URL before they shortened it. */
  originalUrl?: string
}

/** The path that a gateway is mounted at, and the URL to process, which includes it. */
export interface Place {
  readonly mount: string
  readonly url: string
}

/**
 * Finds the gateway's mount in a request; null if the URL is not below it.
 *
 * @param isPrefixGiven - whether the gateway has a prefix below the path it is mounted at. Otherwise it serves
 *   that path, if there is one.
 * @throws {CgiError} the errors of the handler's findMount()
 */
export function findPlace(
  request: MountedRequest,
  handler: Pick<CgiHandler, 'findMount'>,
  isPrefixGiven: boolean,
): Place | null {
  const { mount, url } = placeOf(request)
  if (mount !== '' && !isPrefixGiven) return { mount, url }
  const rest = url.slice(mount.length)
  // A target in absolute form from which the framework has cut the mount: `ftp://host/a.cgi`.
  const found = /^(?:[/?]|$)/.test(rest) ? handler.findMount(url, mount) : handler.findMount(rest)
  return found === null ? null : { mount: found, url }
}

/** The mount is the part that the framework has cut from the URL. */
function placeOf({ baseUrl, originalUrl, url = '/' }: MountedRequest): Place {
  const current = toOriginForm(url)
  if (baseUrl === '' || (baseUrl === undefined && (originalUrl ?? url) === url)) {
    return { mount: '', url: current }
  }
  const path = pathOf(current)
  const original = pathOf(toOriginForm(originalUrl ?? url))
  const [mount, rest] = baseUrl === undefined ? cut(original, path) : [baseUrl, path]
  // A framework replaces a URL that is the mount itself by `/`.
  const isSlashAdded = path === '/' && original === mount
  return { mount, url: mount + (isSlashAdded ? '' : rest) + current.slice(path.length) }
}

/** Splits a path: the part that a framework has cut, and the rest, which may have lost its last slash. */
function cut(original: string, path: string): [mount: string, rest: string] {
  for (const rest of [path, `${path}/`]) {
    // middie can also merge slashes.
    if (original.endsWith(rest)) return [original.slice(0, -rest.length).replace(/\/+$/, ''), rest]
  }
  return path === '/' ? [original, path] : ['', path]
}

function pathOf(url: string): string {
  return url.split(/[?#]/, 1)[0] ?? ''
}
