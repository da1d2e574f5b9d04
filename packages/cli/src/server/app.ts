import { cgi } from '@common-gateway/fastify'
import Fastify, { type FastifyInstance, type FastifyServerFactory } from 'fastify'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import { createErrorHandler } from './error-response.js'
import { createNotFoundHandler } from './not-found-response.js'
import { createMounts } from '../site/gateways.js'
import { createTransports } from '../site/transports.js'
import { toPrintable } from '../text/printable.js'
import type { RequestJournal } from '../journal/request-journal.js'
import { createLogger, describe, FailuresOnly } from '../journal/request-logger.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'
import { hasStatusPage } from '../access/access.js'

/** The parts that an application needs. */
export interface AppParts {
  readonly site: Site
  readonly settings: EffectiveSettings
  readonly journal: RequestJournal
  readonly serverFactory: FastifyServerFactory
  /** Names the user of a request; null where no password is required. */
  readonly authentication: Pick<BasicAuthentication, 'userOf'> | null
}

/**
 * The application: scripts first, then files. Files have no route, since it would collide with the route of
 * scripts at `/`.
 */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { site, settings, journal, serverFactory, authentication } = parts
  const { 'trust-proxy': proxies = false } = settings
  const sendError = createErrorHandler(site, settings)
  const log = createLogger((facts, message) => {
    process.stderr.write(`common-gateway: ${toPrintable(describe(facts, message))}\n`)
  })
  const app = Fastify({
    loggerInstance: log,
    childLoggerFactory: (_logger, _bindings, _options, request) => journal.loggerOf(request) ?? log,
    logController: new FailuresOnly(),
    frameworkErrors: sendError,
    // It also limits close(), and would end the process before CLOSE_TIMEOUT.
    pluginTimeout: 0,
    serverFactory,
    // The server of `serverFactory` has its own 'clientError' listener.
    clientErrorHandler: () => {},
    schemaController: NO_SCHEMAS,
    trustProxy: typeof proxies === 'object' ? [...proxies] : proxies,
  })
  app.setErrorHandler(sendError)
  app.setNotFoundHandler(createNotFoundHandler(site, settings))
  ignoreBodies(app)
  // Scripts at `/` hide names that start with a dot; these URLs are public (RFC 8615).
  app.all('/.well-known/*', (_request, reply) => reply.callNotFound())
  if (site.fallback !== undefined) {
    // Without a route of their own, the fallback would answer for missing names in them.
    for (const { url } of site.trees.filter((tree) => tree.url !== '')) {
      app.all(`${url}/*`, (_request, reply) => reply.callNotFound())
    }
  }
  if (settings.watch === true) {
    const { reloadPages } = await import('../reload/plugin.js')
    reloadPages(app, site, journal)
  }
  const transports = await createTransports(site)
  const mounts = createMounts({ site, settings, transports, authentication })
  for (const { url, options } of mounts) await app.register(cgi, { ...options, prefix: url })
  if (hasStatusPage(settings)) {
    const { serveStatus } = await import('../status/plugin.js')
    await serveStatus(app, { journal, site, mounts })
  }
  if (settings.metrics === true) {
    const { serveMetrics } = await import('../status/metrics.js')
    serveMetrics(app)
  }
  return app
}

/** No route has a schema. Fastify's two schema compilers would take a fifth of the start. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: () => noSchema, buildSerializer: () => noSchema },
}

function noSchema(): never {
  throw new Error('The command has no schemas')
}

/** Discards bodies: Fastify would answer an unexpected body with 415 rather than 404. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}
