import { CgiError, createErrorPage } from '@common-gateway/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { isLocalVisit } from '../access/local-client.js'
import { adviseOnFailure } from '../advice/failure-advice.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'
import { sendStatus } from './status-response.js'

/** The fields that are read of an error of the gateway, of Fastify or of Node.js. */
interface Failure extends Error {
  readonly statusCode?: number
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
}

type ErrorHandler = (error: Failure, request: FastifyRequest, reply: FastifyReply) => void

/**
 * Answers an error with its status and the reason phrase, without details of this machine. If a script
 * failed, clients that `--watch-errors` allows get the error page. Errors that the operator can fix are
 * logged.
 */
export function createErrorHandler(site: Site, settings: EffectiveSettings): ErrorHandler {
  const watchers = settings['watch-errors']
  return (error, request, reply) => {
    const { statusCode = 500, headers = {} } = error
    if (error instanceof CgiError) error.add({ hint: adviseOnFailure(error, site, settings) })
    if (statusCode >= 500 || error.reason !== undefined) {
      request.log.error({ err: error }, error.message)
    }
    const isWatcher = watchers === 'on' || (watchers === 'local' && isLocalVisit(request.raw))
    const page = isWatcher
      ? createErrorPage(error, request.headers.accept, AUDIENCES[watchers])
      : null
    if (page === null) sendStatus(reply.headers(headers), statusCode)
    else reply.code(statusCode).headers(headers).headers(page.headers).send(page.body)
  }
}

/** The sentence of the error page that says which clients see it. */
const AUDIENCES = {
  local:
    'You see this because you are at the machine that the server runs on. Other clients see only the status.',
  on: 'Every client sees this, since the server was started with --watch-errors on.',
  off: undefined,
} as const
