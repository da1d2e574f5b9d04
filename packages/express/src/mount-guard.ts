import { CgiError, type CgiHandler } from '@common-gateway/core'
import { toOriginForm } from '@common-gateway/core/adapter'
import type { MountedRequest } from './mount.js'
import type { Next } from './next.js'

/** An Express application, with what it says about where it is mounted. */
interface Application {
  /** Where it is mounted in `parent`. */
  readonly mountpath?: unknown
  readonly parent?: Application
  use(guard: (request: MountedRequest, response: unknown, next: Next) => void): unknown
  on(event: 'mount', listener: (parent: Application) => void): unknown
}

/** A gateway, and the path it is mounted at in an application. */
interface GuardedMount {
  readonly handler: Pick<CgiHandler, 'findMount'>
  readonly mount: string
}

/** The gateways in each application, for the applications it will be mounted in: one listener serves all. */
const guarded = new WeakMap<Application, GuardedMount[]>()

/**
 * Learns from Express where a middleware is mounted, and adds a guard behind it there. Express does not call the
 * middleware for another spelling of the mount (`/%63gi-bin/a.cgi`, `/x/../cgi-bin/a.cgi`), but static files
 * behind it would send the script, so the guard refuses the request. It does not run the script, since other
 * middlewares of the same mount have not seen the request either. If the application is mounted in another one,
 * that one gets a guard, too.
 *
 * Express reports mounts only to other applications, by `mountpath` and the event `'mount'`, and takes anything
 * with the methods `handle`, `set` and `emit` for one. A `Router` reports none.
 *
 * @param isPrefixGiven - whether the gateway has a prefix below the path it is mounted at.
 */
export function guardMounts(
  middleware: (request: never, response: never, next: Next) => void,
  handler: Pick<CgiHandler, 'findMount' | 'prefix'>,
  isPrefixGiven: boolean,
): void {
  const mounted: { mountpath?: unknown } = middleware as object
  const emit = (event: string, parent: Application): void => {
    if (event !== 'mount') return
    for (const path of plainPathsOf(mounted.mountpath)) {
      // A middleware mounted at `/` is used like one that is not mounted.
      const prefix = isPrefixGiven || path === '' ? handler.prefix.replace(/\/+$/, '') : ''
      guard(parent, path, { handler, mount: path + prefix })
    }
  }
  for (const [name, value] of Object.entries({ handle: middleware, set: () => {}, emit })) {
    Object.defineProperty(middleware, name, { value, configurable: true })
  }
}

/**
 * Guards a gateway in an application, and in the applications that it is or will be mounted in.
 *
 * @param path - the path in the application; if it is empty, the gateway sees all requests.
 */
function guard(app: Application, path: string, own: GuardedMount): void {
  if (path !== '' && own.mount !== '') app.use(createGuard(own))
  const known = guarded.get(app)
  known?.push(own)
  if (known === undefined) {
    const all = [own]
    guarded.set(app, all)
    app.on('mount', (parent) => guardIn(parent, app.mountpath, all))
  }
  if (app.parent !== undefined) guardIn(app.parent, app.mountpath, [own])
}

function guardIn(app: Application, mountpath: unknown, inner: readonly GuardedMount[]): void {
  for (const path of plainPathsOf(mountpath)) {
    for (const { handler, mount } of inner) guard(app, path, { handler, mount: path + mount })
  }
}

/** The paths that are not patterns, without a trailing slash. */
function plainPathsOf(mountpath: unknown): string[] {
  return [mountpath]
    .flat()
    .filter((path) => typeof path === 'string' && !/[:*?+(){}[\]!\\]/.test(path))
    .map((path) => String(path).replace(/\/+$/, ''))
}

function createGuard({ handler, mount }: GuardedMount): Parameters<Application['use']>[0] {
  return function guardMount({ url = '/', baseUrl = '' }, _response, next) {
    let found: string | null
    try {
      const path = toOriginForm(url)
      found = path.startsWith('/')
        ? handler.findMount(baseUrl + path, baseUrl, mount)
        : handler.findMount(path, '', mount)
    } catch (error) {
      return next(error)
    }
    // Spelled like the mount, the request has reached the gateway, which has passed it on.
    if (found === null || found === baseUrl + mount) return next()
    const reason = 'the path spells the mount differently'
    next(new CgiError('CGI_ERR_NOT_FOUND', { reason }))
  }
}
