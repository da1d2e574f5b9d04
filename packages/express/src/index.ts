import {
  CgiError,
  type CgiOptions,
  type CgiStats,
  createCgiHandler,
  createErrorPage,
  isLocalRedirect,
} from '@common-gateway/core'
import { Exchange } from '@common-gateway/core/adapter'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { watchLastAnswer } from './final-handler.js'
import { findPlace, type MountedRequest, type Place } from './mount.js'
import { messageClasses } from './message-classes.js'
import { guardMounts } from './mount-guard.js'
import { guardNext, type Next } from './next.js'
import {
  type ClientView,
  createClientView,
  takeTrustProxy,
  type TrustProxy,
  type ViewedRequest,
} from './client-view.js'

export type {
  CgiOptions,
  CgiRun,
  CgiStandardErrorLine,
  CgiStats,
  CgiUser,
  CgiWait,
} from '@common-gateway/core'
export type { ApplicationPrototypes, MessageClasses } from './message-classes.js'

/** A middleware for Express 4 and 5, Connect, Polka, and bare node:http. */
export interface CgiMiddleware<Native extends IncomingMessage = IncomingMessage> {
  (request: Native, response: ServerResponse, next: (error?: unknown) => void): void
  /** Counts of the scripts that run, that wait and that have run. */
  stats(): CgiStats
  /** Refuses new requests (503), waits `closeTimeout` for the running scripts, then stops them. */
  close(): Promise<void>
}

/** Options of the middleware. */
export interface CgiMiddlewareOptions<Native = IncomingMessage> extends CgiOptions<Native> {
  /**
   * **trustProxy** `boolean | number | string | string[] | (address, hop) => boolean` - Which
   * proxies may set the client's address, scheme and host (`X-Forwarded-For`, `-Proto`, `-Host`): all, a number
   * of hops, addresses and networks (`'loopback, 10.0.0.0/8'`), or those for which the function returns true.
   * Default: Express's own setting `trust proxy`; without Express, none.
   * @example `{ trustProxy: 'loopback, 10.0.0.0/8' }`
   */
  trustProxy?: TrustProxy
}

/** A request with the properties that Express adds, if the application uses it. */
type ExpressRequest = ViewedRequest & MountedRequest

/**
 * CGI scripts as a middleware: `app.use(cgi())` serves `./cgi-bin` at `/cgi-bin/`; mounted at a path, it serves
 * the scripts there. A request for anything else goes on to the next middleware, and a failure to the application's
 * error handler.
 *
 * @typeParam Native - the request that functions among the options receive: Express's `Request`.
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function cgi<Native extends IncomingMessage = IncomingMessage>(
  given: CgiMiddlewareOptions<Native> = {},
): CgiMiddleware<Native> {
  const [trustProxy, options] = takeTrustProxy(given)
  const handler = createCgiHandler<Native>(options)
  const viewOf = createClientView(trustProxy)

  function middleware(
    request: Native & ExpressRequest,
    response: ServerResponse,
    next: Next,
  ): void {
    let view: (Place & ClientView) | null
    try {
      const place = findPlace(request, handler, options.prefix !== undefined)
      view = place && { ...place, ...viewOf(request) }
    } catch (error) {
      return guardNext(next, request, response, handler)(error)
    }
    if (view === null) return next()
    const exchange = new Exchange<Native>(request, response, { ...view, native: request })
    const goOn = guardNext(next, request, response, handler)
    void answer(exchange).then(
      (isAnswered) => isAnswered || goOn(),
      (error: unknown) => fail(error, exchange.request, response, goOn),
    )
  }

  async function answer(exchange: Exchange<Native>): Promise<boolean> {
    const result = await handler.handle(exchange.request)
    if (result === null) exchange.pass()
    else if (result.type === 'local-redirect') exchange.redirect(result)
    else await exchange.send(result)
    return result !== null
  }

  function fail(
    error: unknown,
    { signal, native: request }: Exchange<Native>['request'],
    response: ServerResponse,
    next: Next,
  ): void {
    const isLate = signal.aborted || response.headersSent || response.socket?.destroyed === true
    // The application reports its own errors, except late ones.
    const isLogged = error instanceof CgiError ? error.statusCode >= 500 : isLate
    const message = error instanceof Error ? error.message : String(error)
    let log = isLogged ? () => handler.logger.error({ err: error }, message) : undefined
    if (isLate || options.logger !== undefined) {
      log?.()
      log = undefined
    }
    if (isLate) {
      response.destroy()
    } else {
      watchLastAnswer(error, request, response, { errorPage: handler.errorPage, log })
      next(error)
    }
  }

  guardMounts(middleware, handler, options.prefix !== undefined)
  return Object.assign(middleware, { stats: () => handler.stats(), close: () => handler.close() })
}

/** The value of `require()`: the function itself, with everything that this module exports. */
const commonjs = Object.assign(cgi, {
  cgi,
  default: cgi,
  CgiError,
  createErrorPage,
  isLocalRedirect,
  messageClasses,
})
export {
  cgi as default,
  CgiError,
  commonjs as 'module.exports',
  createErrorPage,
  isLocalRedirect,
  messageClasses,
}
