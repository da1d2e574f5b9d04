import { cgi } from '@common-gateway/fastify'
import Fastify, { type FastifyInstance, type FastifyServerFactory } from 'fastify'
import { createErrorResponses } from './error-response.js'
import { createMounts } from './gateways.js'
import { toPrintable } from './printable.js'
import type { RequestJournal } from './request-journal.js'
import { createLogger, describe, FailuresOnly } from './request-logger.js'
import type { EffectiveSettings } from './settings.js'
import type { Site } from './site.js'
import { serveStaticFiles } from './static-files.js'
import { hasStatusPage, serveStatus } from './status/plugin.js'

/** What an application is made of. */
export interface AppParts {
  readonly site: Site
  readonly settings: EffectiveSettings
  readonly journal: RequestJournal
  readonly serverFactory: FastifyServerFactory
}

/** The application: the scripts, then the files, then the answers of those that find nothing. */
export async function createApp(parts: AppParts): Promise<FastifyInstance> {
  const { site, settings, journal, serverFactory } = parts
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
  })
  app.setErrorHandler(responses.sendError)
  app.setNotFoundHandler(responses.sendNotFound)
  ignoreBodies(app)
  serveStaticFiles(app, site)
  const mounts = createMounts(site, settings)
  for (const { url, options } of mounts) await app.register(cgi, { ...options, prefix: url })
  if (hasStatusPage(settings)) await serveStatus(app, { journal, site, mounts })
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
