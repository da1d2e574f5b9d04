import { CgiError, type CgiHandler } from '@common-gateway/core'
import { toOriginForm } from '@common-gateway/core/adapter'
import type { MountedRequest } from './mount.js'
import type { Next } from './next.js'

/** An application of Express: what is known of where it is mounted, and how it is told. */
interface Application {
  /** Where it is mounted in `parent`. */
  readonly mountpath?: unknown
  readonly parent?: Application
  use(guard: (request: MountedRequest, response: unknown, next: Next) => void): unknown
  on(event: 'mount', listener: (parent: Application) => void): unknown
}

/** A gateway, and where it is below an application. */
interface GuardedMount {
  readonly handler: Pick<CgiHandler, 'findMount'>
  readonly mount: string
}

/** The gateways in each application, for the one that it will be mounted in: one listener tells of all. */
const guarded = new WeakMap<Application, GuardedMount[]>()

/**
 * Has Express tell where a middleware is mounted, and puts a guard behind it there. A request whose path
 * is another spelling of the mount (`/%63gi-bin/a.cgi`, `/x/../cgi-bin/a.cgi`) is not shown to the
 * middleware, but static files behind it would send the script: the guard refuses it. It does not run
 * the script, as other middlewares of the same mount have not seen the request either. Where the
 * application is mounted in another, that one needs a guard, too.
 *
 * Express tells only other applications where they are mounted, by `mountpath` and the event `mount`. It
 * takes for one what has the methods `handle`, `set` and `emit`. A `Router` tells nobody.
 *
 * @param isPrefixGiven - whether the gateway has a prefix below what it is mounted at.
 */
export function guardMounts(
  middleware: (request: never, response: never, next: Next) => void,
  handler: Pick<CgiHandler, 'findMount' | 'prefix'>,
  isPrefixGiven: boolean,
): void {
  const told: { mountpath?: unknown } = middleware as object
  const emit = (event: string, parent: Application): void => {
    if (event !== 'mount') return
    for (const path of plainPathsOf(told.mountpath)) {
      // What is mounted at `/` is as if it were not mounted.
      const prefix = isPrefixGiven || path === '' ? handler.prefix.replace(/\/+$/, '') : ''
      guard(parent, path, { handler, mount: path + prefix })
    }
  }
  for (const [name, value] of Object.entries({ handle: middleware, set: () => {}, emit })) {
    Object.defineProperty(middleware, name, { value, configurable: true })
  }
}

/**
 * Guards a gateway in an application, and in those that it is or will be mounted in.
 *
 * @param path - what is mounted in the application; it sees all requests where that is empty.
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

/** Paths that are no patterns, without a slash at the end. */
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
    // The gateway has had it, where it is written as the mount is, and has passed it on.
    if (found === null || found === baseUrl + mount) return next()
    const reason = 'it names the scripts by another spelling of their mount'
    next(new CgiError('CGI_ERR_NOT_FOUND', { reason }))
  }
}
