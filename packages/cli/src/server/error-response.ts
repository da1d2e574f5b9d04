import { CgiError, createErrorPage } from '@common-gateway/fastify'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { STATUS_CODES } from 'node:http'
import { adviseOnFailure } from '../advice/failure-advice.js'
import { lookUpEntry } from '../site/file-lookup.js'
import { listFolder } from '../listing/folder-listing.js'
import { createListingDocument } from '../listing/listing-document.js'
import { hasLocalHost, isLocalClient } from '../access/local-client.js'
import { findNearestEntries } from '../listing/nearest-entries.js'
import { createNotFoundDocument } from '../listing/not-found-document.js'
import { PAGE_HEADERS } from '../text/page-document.js'
import type { RawRequest } from '../access/raw-exchange.js'
import type { EffectiveSettings } from '../settings/settings.js'
import type { Site } from '../site/site.js'
import { refuseSource, sendStaticFile } from './static-files.js'
import { hasStatusPage, STATUS_PATH } from '../access/access.js'

/** What is read of an error, be it the gateway's, Fastify's or one of Node's own. */
interface Failure extends Error {
  readonly statusCode?: number
  readonly reason?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** Who answers where there is no script and no file, or where one has failed. */
export interface ErrorResponses {
  sendError(this: void, error: Failure, request: FastifyRequest, reply: FastifyReply): void
  sendNotFound(this: void, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply>
}

/**
 * Answers with the status of an error and its standard name, and with nothing of this machine; where it is
 * a script that failed, those who may see it get all that is known of it. The reason goes to the log where
 * the site's owner is the one who can do something about it.
 */
export function createErrorResponses(site: Site, settings: EffectiveSettings): ErrorResponses {
  const watchers = settings['watch-errors']

  function sendError(error: Failure, request: FastifyRequest, reply: FastifyReply): void {
    const { statusCode = 500, headers = {} } = error
    if (error instanceof CgiError) error.add({ hint: adviseOnFailure(error, site, settings) })
    if (statusCode >= 500 || error.reason !== undefined) {
      request.log.error({ err: error }, error.message)
    }
    const isWatcher = watchers === 'on' || (watchers === 'local' && isPerson(request.raw))
    const page = isWatcher
      ? createErrorPage(error, request.headers.accept, AUDIENCES[watchers])
      : null
    if (page === null) sendStatus(reply.headers(headers), statusCode)
    else reply.code(statusCode).headers(headers).headers(page.headers).send(page.body)
  }

  /** Answers for what is no script: a file is sent, a folder without an index is listed. */
  async function sendNotFound({ raw }: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { method, url = '/' } = raw
    if (method !== 'GET' && method !== 'HEAD') {
      const found = lookUpEntry(url, site)
      if (found?.type === 'source') throw refuseSource(found.file)
      const isThere = found !== null && found.type !== 'withheld'
      return sendStatus(isThere ? reply.header('allow', 'GET, HEAD') : reply, isThere ? 405 : 404)
    }
    const sent = await sendStaticFile(raw, reply, site)
    if (sent !== null) return sent
    const [path = '', ...query] = url.split('?')
    const slashed = path.endsWith('/') ? path : `${path}/`
    const listing = await listFolder(slashed, site, isPerson(raw))
    if (listing === null) return sendMissing(path, raw, reply)
    if (slashed !== path) return reply.redirect([slashed, ...query].join('?'), 301)
    return reply.code(200).headers(PAGE_HEADERS).send(createListingDocument(listing))
  }

  /** The person at this machine is told what there is instead. */
  async function sendMissing(
    urlPath: string,
    raw: RawRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const isPage = isPerson(raw) && raw.headers.accept?.includes('text/html') === true
    const nearest = isPage ? await findNearestEntries(urlPath, site) : null
    if (nearest === null) return sendStatus(reply, 404)
    const inspectUrl = hasStatusPage(settings) ? `${STATUS_PATH}/inspect` : undefined
    const page = createNotFoundDocument(urlPath, nearest, inspectUrl)
    return reply.code(404).headers(PAGE_HEADERS).send(page)
  }

  return { sendError, sendNotFound }
}

/** Whether it is for whoever sits at this machine, and for no page of another site. */
function isPerson(request: RawRequest): boolean {
  return isLocalClient(request) && hasLocalHost(request)
}

/** Who sees why a script has failed, told to those who do. */
const AUDIENCES = {
  local:
    'You see this because you are at the machine that the server runs on. Others see the status alone.',
  on: 'Everybody who asks sees this, since the server was started with --watch-errors on.',
  off: undefined,
} as const

function sendStatus(reply: FastifyReply, status: number): FastifyReply {
  return reply
    .code(status)
    .type('text/plain; charset=utf-8')
    .send(`${status} ${STATUS_CODES[status] ?? 'Error'}\n`)
}
