import {
  applyLocalRedirect,
  CgiError,
  type CgiOptions,
  type CgiRequest,
  type CgiStats,
  createCgiHandler,
  createErrorPage,
  findMount,
  type FrameworkView,
  sendCgiResponse,
  toCgiRequest,
  toOriginForm,
  unwatchClient,
} from '@common-gateway/core'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { watchLastAnswer } from './final-handler.js'

export type { CgiOptions, CgiRun, CgiStats, CgiUser, CgiWait } from '@common-gateway/core'

/** A middleware for Express 4 and 5, Connect, Polka, and bare node:http. */
export interface CgiMiddleware<Native extends IncomingMessage = IncomingMessage> {
  (request: Native, response: ServerResponse, next: (error?: unknown) => void): void
  /** What runs and waits now, and what has run. */
  stats(): CgiStats
  /** Starts no more scripts (503); lets those that run end for `closeTimeout`, then stops them. */
  close(): Promise<void>
}

/** What Express adds to a request, where it is there. */
interface ExpressRequest extends IncomingMessage {
  baseUrl?: string
  readonly originalUrl?: string
  readonly hostname?: string
  readonly ip?: string
  readonly protocol?: string
  query?: unknown
}

/**
 * CGI scripts as a middleware: `app.use(cgi())` serves `./cgi-bin` at `/cgi-bin/`; mounted at a path,
 * it serves its scripts there. What is no script goes on to the next middleware, what fails to the
 * application's error handler.
 *
 * @typeParam Native - the request that the options which are functions receive: Express's `Request`.
 * @throws {CgiError} CGI_ERR_INVALID_OPTION
 */
export function cgi<Native extends IncomingMessage = IncomingMessage>(
  options: CgiOptions<Native> = {},
): CgiMiddleware<Native> {
  const handler = createCgiHandler<Native>(options)

  function middleware(
    request: Native & ExpressRequest,
    response: ServerResponse,
    next: (error?: unknown) => void,
  ): void {
    const { baseUrl = '' } = request
    const url = urlOf(request, baseUrl)
    const isMounted = baseUrl !== '' && options.prefix === undefined
    const mount = isMounted ? baseUrl : findMount(url, baseUrl + handler.prefix)
    if (mount === null) return next()
    const view = { mount, url, native: request, ...trustedView(request) }
    const cgiRequest = toCgiRequest<Native>(request, response, view)
    // What next() throws is not a failure of ours: it is not to call next() once more.
    void answer(cgiRequest, request, response).then(
      (isAnswered) => isAnswered || next(),
      (error: unknown) => fail(error, cgiRequest, response, next),
    )
  }

  async function answer(
    cgiRequest: CgiRequest<Native>,
    request: ExpressRequest,
    response: ServerResponse,
  ): Promise<boolean> {
    const result = await handler.handle(cgiRequest)
    if (result === null) {
      unwatchClient(request, response)
      return false
    }
    if (result.type === 'local-redirect') {
      applyLocalRedirect(result, cgiRequest, request, response)
      dispatchAgain(request, response)
    } else {
      await sendCgiResponse(result, request, response)
    }
    return true
  }

  function fail(
    error: unknown,
    { signal, native: request }: CgiRequest<Native>,
    response: ServerResponse,
    next: (error: unknown) => void,
  ): void {
    const isFailure = error instanceof CgiError && error.statusCode >= 500
    let log = isFailure ? () => handler.logger.error({ err: error }, error.message) : undefined
    const isLate = signal.aborted || response.headersSent || response.socket?.destroyed === true
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

  return Object.assign(middleware, { stats: () => handler.stats(), close: () => handler.close() })
}

/** The URL to process, the mount included. */
function urlOf(request: ExpressRequest, baseUrl: string): string {
  const url = toOriginForm(request.url ?? '/')
  if (baseUrl === '') return url
  // Express puts a slash at the end of a URL that is the mount itself.
  const [originalPath] = toOriginForm(request.originalUrl ?? '/').split('?', 1)
  const isSlashAdded = originalPath === baseUrl && /^\/(?:\?|$)/.test(url)
  return baseUrl + (isSlashAdded ? url.slice(1) : url)
}

/** What Express says of the client, by its trust proxy setting. */
function trustedView({
  headers,
  hostname,
  ip,
  protocol,
}: ExpressRequest): Pick<FrameworkView, 'remoteAddress' | 'scheme' | 'host'> {
  const [forwardedHost] = String(headers['x-forwarded-host'] ?? '').split(',', 1)
  // Express tells only the name; the port is in the field that it took the name from.
  const host = [headers.host, forwardedHost?.trim()].find(
    (each) => hostname !== undefined && each?.replace(/:\d*$/, '') === hostname,
  )
  return { remoteAddress: ip, scheme: protocol, host }
}

/** Hands a request to the whole application again, from its beginning. */
function dispatchAgain(request: ExpressRequest, response: ServerResponse): void {
  request.baseUrl = ''
  // Express 4 parses the query only where there is none yet.
  delete request.query
  // Every socket that a node:http server has accepted knows it; the type does not say so.
  const { server } = request.socket as unknown as { server: Server }
  server.emit('request', request, response)
}

/** What `require()` gives: the function itself, with all that this module exports. */
const commonjs = Object.assign(cgi, { cgi, default: cgi, CgiError, createErrorPage })
export { cgi as default, CgiError, commonjs as 'module.exports', createErrorPage }
