import {
  CgiError,
  createCgiHandler,
  createErrorPage,
  createMetrics,
  isLocalRedirect,
} from '@common-gateway/core'
import { Exchange, type LocalRedirect } from '@common-gateway/core/adapter'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { watchLastAnswer } from './final-handler.js'
import type { CgiMiddleware, CgiMiddlewareOptions } from './types.js'
import { findPlace, type MountedRequest, type Place } from './mount.js'
import { messageClasses } from './message-classes.js'
import { guardMounts } from './mount-guard.js'
import { guardNext, type Next } from './next.js'
import { showRun } from './request-run.js'
import {
  type ClientView,
  createClientView,
  takeTrustProxy,
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
export type { CgiMiddleware, CgiMiddlewareOptions } from './types.js'
export type { ApplicationPrototypes, MessageClasses } from './message-classes.js'

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
    showRun(request, exchange)
    const goOn = guardNext(next, request, response, handler)
    void answer(exchange).then(
      (isAnswered) => isAnswered || goOn(),
      (error: unknown) => fail(error, exchange, response, goOn),
    )
  }

  async function answer(exchange: Exchange<Native>): Promise<boolean> {
    const result = await handler.handle(exchange.request)
    if (result === null) exchange.pass()
    else if (result.type === 'local-redirect') redirect(result, exchange)
    else await exchange.send(result)
    return result !== null
  }

  function redirect(result: LocalRedirect, exchange: Exchange<Native>): void {
    const { native } = exchange.request
    // A request of HTTP/2 is also the next one, for which no script has run yet.
    if (native.httpVersionMajor > 1) showRun(native, null)
    exchange.redirect(result)
  }

  function fail(
    error: unknown,
    exchange: Exchange<Native>,
    response: ServerResponse,
    next: Next,
  ): void {
    const { signal, native: request } = exchange.request
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
      exchange.withdraw()
      watchLastAnswer(error, request, response, { errorPage: handler.errorPage, log })
      next(error)
    }
  }

  guardMounts(middleware, handler, options.prefix !== undefined)
  return Object.assign(middleware, { stats: () => handler.stats(), close: () => handler.close() })
}

/**
 * The value of `require()`: the function itself, with everything that this module exports. Each adapter has its own list,
 * since it must be that of its own `export`.
 */
const commonjs = Object.assign(cgi, {
  cgi,
  default: cgi,
  CgiError,
  createErrorPage,
  createMetrics,
  isLocalRedirect,
  messageClasses,
})
export {
  cgi as default,
  CgiError,
  commonjs as 'module.exports',
  createErrorPage,
  createMetrics,
  isLocalRedirect,
  messageClasses,
}
