import { CgiError, type CgiHandler, toOriginForm } from '@common-gateway/core'
import type { MountedRequest } from './mount.js'
import type { Next } from './next.js'

/** What Express's `app.use()` tells an application that is mounted, and what it is told by. */
interface Parent {
  use(guard: (request: MountedRequest, response: unknown, next: Next) => void): unknown
}

/**
 * Has Express tell where a middleware is mounted, and puts a guard behind it there. A request whose path
 * is another spelling of the mount (`/%63gi-bin/a.cgi`, `/x/../cgi-bin/a.cgi`) is not shown to the
 * middleware, but static files behind it would send the script: the guard refuses it. It does not run
 * the script, as other middlewares of the same mount have not seen the request either.
 *
 * Express tells only other applications where they are mounted, by `mountpath` and the event `mount`. It
 * takes for one what has the methods `handle`, `set` and `emit`. A `Router` tells nobody.
 *
 * @param prefix - where the gateway is below its mount.
 */
export function guardMounts(
  middleware: (request: never, response: never, next: Next) => void,
  handler: Pick<CgiHandler, 'findMount'>,
  prefix: string,
): void {
  const told: { mountpath?: unknown } = middleware as object
  const emit = (event: string, parent: Parent): void => {
    if (event !== 'mount') return
    for (const path of [told.mountpath].flat().filter(isPlainPath)) {
      parent.use(createGuard(handler, path.replace(/\/+$/, '') + prefix))
    }
  }
  for (const [name, value] of Object.entries({ handle: middleware, set: () => {}, emit })) {
    Object.defineProperty(middleware, name, { value, configurable: true })
  }
}

/** Not a pattern; and what is mounted at `/` sees every request. */
function isPlainPath(path: unknown): path is string {
  return typeof path === 'string' && path !== '/' && !/[:*?+(){}[\]!\\]/.test(path)
}

function createGuard(
  handler: Pick<CgiHandler, 'findMount'>,
  mount: string,
): Parameters<Parent['use']>[0] {
  return function guardMount({ url = '/', baseUrl = '' }, _response, next) {
    let found: string | null
    try {
      found = handler.findMount(baseUrl + toOriginForm(url), baseUrl, mount)
    } catch (error) {
      return next(error)
    }
    // The gateway has had it, where it is written as the mount is, and has passed it on.
    if (found === null || found === baseUrl + mount) return next()
    const reason = 'it names the scripts by another spelling of their mount'
    next(new CgiError('CGI_ERR_NOT_FOUND', { reason }))
  }
}
