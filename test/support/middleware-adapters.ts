import cgi from '@common-gateway/express'
import { type CgiOptions, createErrorPage } from '@common-gateway/core'
import { mkdtempSync, rmSync } from 'node:fs'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import path from 'node:path'
import polka from 'polka'
import polkaNext from 'polka-next'
import { type Connect, createServer as createViteServer } from 'vite'
import { type Adapter, HTTP1, listenWith, Log, PRODUCTION, type Setup } from './adapters.js'

/** What the frameworks that take Express's middlewares have in common. */
interface MiddlewareApplication {
  readonly listener: RequestListener
  use(middleware: unknown): unknown
  use(path: string, middleware: unknown): unknown
  close?(): Promise<void>
}

type ErrorAnswer = (error: Error, request: IncomingMessage, response: ServerResponse) => void

// Connect reads it once, when it is loaded.
const { NODE_ENV } = process.env
process.env['NODE_ENV'] = 'production'
const { default: createConnect } = await import('connect')
if (NODE_ENV === undefined) delete process.env['NODE_ENV']
else process.env['NODE_ENV'] = NODE_ENV

export const connect = createAdapter('Connect', () => {
  const app = createConnect()
  return { listener: app, use: app.use.bind(app) as MiddlewareApplication['use'] }
})

/** It cannot answer an error of ours itself: `next(error)` throws there. */
export const polka05 = createAdapter('Polka 0.5', () => {
  const app = polka()
  return {
    listener: app.handler,
    use: (...[mount, middleware]: unknown[]) => {
      if (typeof mount !== 'string') return app.use(mount)
      // It looks at the first segment of a path alone: an application within the application.
      const [, first = '', rest] = /^(\/[^/]*)(\/.+)?$/.exec(mount) ?? []
      if (rest === undefined) return app.use(first, middleware)
      const inner = polka()
      inner.use(rest, middleware)
      return app.use(first, inner)
    },
  }
})

const ofPolka10 = createAdapter('Polka 1.0', ({ errorPage = false } = {}) => {
  const app = polkaNext({
    onError: (error, request, response) => {
      // Of a request that nothing has answered, it makes an error of this kind.
      const failure = Object.assign(new Error('not found'), { statusCode: 404 }, error)
      answerErrors(errorPage)(error instanceof Error ? error : failure, request, response)
    },
  })
  return {
    listener: app.handler as RequestListener,
    use: app.use.bind(app) as MiddlewareApplication['use'],
  }
})

export const polka10: Adapter = { ...ofPolka10, refusesAbsoluteForm: true }

/** As in its `configureServer` and in the middleware mode of its documentation. */
export const vite = createAdapter('Vite', async ({ errorPage = false } = {}) => {
  const root = mkdtempSync(path.join(tmpdir(), 'common-gateway-test-'))
  const server = await createViteServer({
    root,
    configFile: false,
    appType: 'custom',
    logLevel: 'silent',
    optimizeDeps: { noDiscovery: true },
    server: {
      middlewareMode: true,
      // What Vite answers before any other: hosts it does not know, and OPTIONS.
      allowedHosts: true,
      cors: false,
      hmr: false,
      ws: false,
      watch: null,
    },
  })
  const { middlewares } = server
  const answer = answerErrors(errorPage)
  return {
    listener: middlewares,
    use: (...[mount, middleware]: unknown[]) => {
      if (typeof mount === 'string')
        middlewares.use(mount, middleware as Connect.NextHandleFunction)
      else middlewares.use(mount as Connect.NextHandleFunction)
      // Vite itself would answer with its overlay, or as if nothing were there.
      const answerOrPassOn: Connect.ErrorHandleFunction = (
        error: Error,
        request,
        response,
        next,
      ) => {
        if (response.headersSent) next(error)
        else answer(error, request, response)
      }
      middlewares.use(answerOrPassOn)
    },
    async close() {
      await server.close()
      rmSync(root, { recursive: true })
    },
  }
})

function answerErrors(errorPage: boolean): ErrorAnswer {
  return (error, { headers: { accept } }, response) => {
    const status = 'statusCode' in error ? Number(error.statusCode) : 500
    const headers = 'headers' in error ? (error.headers as Record<string, string>) : {}
    const page = errorPage ? createErrorPage(error, accept) : null
    response.writeHead(status, { ...headers, ...page?.headers })
    response.end(page?.body ?? error.message)
  }
}

function createAdapter(
  name: string,
  create: (
    options: CgiOptions<IncomingMessage> | undefined,
  ) => MiddlewareApplication | Promise<MiddlewareApplication>,
): Adapter {
  return {
    name,
    ...HTTP1,
    async start({ options, mount, trustProxy, fields = {}, onClose }: Setup = {}) {
      const log = new Log()
      // The functions among the options get the request of node:http here.
      const own = options as CgiOptions<IncomingMessage> | undefined
      const app = await create(own)
      const trusting = trustProxy === undefined ? {} : { trustProxy }
      const gateway = cgi({ ...PRODUCTION, logger: log.logger, ...trusting, ...own })
      app.use((request: IncomingMessage, response: ServerResponse, next: () => void) => {
        if (onClose !== undefined) response.on('close', () => onClose(request.cgi))
        for (const [field, value] of Object.entries(fields)) response.setHeader(field, value)
        const [url, query = ''] = (request.url ?? '').split('?')
        if (url === '/plain') response.end(`plain ${request.method} ${query}`)
        else next()
      })
      if (mount === undefined) app.use(gateway)
      else app.use(mount, gateway)
      return listenWith(app.listener, log, {
        stats: () => gateway.stats(),
        async close() {
          await gateway.close()
          await app.close?.()
        },
      })
    },
  }
}
