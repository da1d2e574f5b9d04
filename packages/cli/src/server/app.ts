import { cgi } from '@common-gateway/fastify'
import Fastify, { type FastifyInstance, type FastifyServerFactory } from 'fastify'
import type { BasicAuthentication } from '../authentication/basic-authentication.js'
import { createErrorResponses } from './error-response.js'
import { createMounts } from '../site/gateways.js'
import { toPrintable } from '../text/printable.js'
import type { RequestJournal } from '../journal/request-journal.js'
import { createLogger, describe, FailuresOnly } from '../journal/request-logger.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'
import { hasStatusPage } from '../access/access.js'

/** What an application is made of. */
export interface AppParts {
  readonly site: Site
  readonly settings: EffectiveSettings
  readonly journal: RequestJournal
  readonly serverFactory: FastifyServerFactory
  /** Who says whom a request is from; null where everyone is let in. */
  readonly authentication: Pick<BasicAuthentication, 'userOf'> | null
}

/**
 * The application: the scripts, and where they leave a request alone, the files. Those have no route: it
 * would be that of scripts which answer at `/`.
 */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { site, settings, journal, serverFactory, authentication } = parts
  const { 'trust-proxy': proxies = false } = settings
  const responses = createErrorResponses(site, settings)
  const log = createLogger((facts, message) => {
    process.stderr.write(`common-gateway: ${toPrintable(describe(facts, message))}\n`)
  })
  const app = Fastify({
    loggerInstance: log,
    childLoggerFactory: (_logger, _bindings, _options, request) => journal.loggerOf(request) ?? log,
    logController: new FailuresOnly(),
    frameworkErrors: responses.sendError,
    // It bounds closing, too, and would end the process before the scripts have had their time.
    pluginTimeout: 0,
    serverFactory,
    // The server that it makes has one of its own.
    clientErrorHandler: () => {},
    schemaController: NO_SCHEMAS,
    trustProxy: typeof proxies === 'object' ? [...proxies] : proxies,
  })
  app.setErrorHandler(responses.sendError)
  app.setNotFoundHandler(responses.sendNotFound)
  ignoreBodies(app)
  // Scripts that answer at `/` withhold names with a dot; what is here is to be asked for (RFC 8615).
  app.all('/.well-known/*', (_request, reply) => reply.callNotFound())
  const mounts = createMounts(site, settings, authentication)
  for (const { url, options } of mounts) await app.register(cgi, { ...options, prefix: url })
  if (hasStatusPage(settings)) {
    const { serveStatus } = await import('../status/plugin.js')
    await serveStatus(app, { journal, site, mounts })
  }
  return app
}

/** No route has a schema. Fastify would load two compilers of them, which take a fifth of the start. */
const NO_SCHEMAS = {
  compilersFactory: { buildValidator: () => noSchema, buildSerializer: () => noSchema },
}

function noSchema(): never {
  throw new Error('The command has no schemas')
}

/** A body that nobody asked for is no reason to answer 415 in the place of 404. */
function ignoreBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _payload, done) => done(null))
}
