import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasStatusPage, STATUS_PATH } from '../access/access.js'
import { isLocalVisit } from '../access/local-client.js'
import type { RawRequest } from '../access/raw-exchange.js'
import { listFolder } from '../listing/folder-listing.js'
import { createListingDocument } from '../listing/listing-document.js'
import { PAGE_HEADERS } from '../listing/listing-page.js'
import { findNearestEntries } from '../listing/nearest-entries.js'
import { createNotFoundDocument } from '../listing/not-found-document.js'
import type { EffectiveSettings } from '../settings/settings.js'
import { lookUpEntry } from '../site/file-lookup.js'
import type { Site } from '../site/site.js'

import { refuseSource, sendStaticFile } from './static-files.js'
import { sendStatus } from './status-response.js'

type NotFoundHandler = (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>

/** Answers a request that no script answers: with a file, with a list of a folder, or with 404 or 405. */
export function createNotFoundHandler(site: Site, settings: EffectiveSettings): NotFoundHandler {
  return async ({ raw }, reply) => {
    const { method, url = '/' } = raw
    if (method !== 'GET' && method !== 'HEAD') return refuseMethod(url, reply)
    const sent = await sendStaticFile(raw, reply, site)
    if (sent !== null) return sent
    const [path = '', ...query] = url.split('?')
    const slashed = path.endsWith('/') ? path : `${path}/`
    const listing = await listFolder(slashed, site, isLocalVisit(raw))
    if (listing === null) return sendMissing(path, raw, reply)
    if (slashed !== path) return reply.redirect([slashed, ...query].join('?'), 301)
    return reply.code(200).headers(PAGE_HEADERS).send(createListingDocument(listing))
  }

  function refuseMethod(url: string, reply: FastifyReply): FastifyReply {
    const found = lookUpEntry(url, site)
    if (found?.type === 'source') throw refuseSource(found.file)
    const exists = found !== null && found.type !== 'withheld'
    return exists ? sendStatus(reply.header('allow', 'GET, HEAD'), 405) : sendStatus(reply, 404)
  }

  /** Answers 404. A browser on this machine gets a page with the nearest names. */
  async function sendMissing(
    urlPath: string,
    raw: RawRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const isPage = isLocalVisit(raw) && raw.headers.accept?.includes('text/html') === true
    const nearest = isPage ? await findNearestEntries(urlPath, site) : null
    if (nearest === null) return sendStatus(reply, 404)
    const inspectUrl = hasStatusPage(settings) ? `${STATUS_PATH}/inspect` : undefined
    const page = createNotFoundDocument(urlPath, nearest, inspectUrl)
    return reply.code(404).headers(PAGE_HEADERS).send(page)
  }
}
