import type { UpstreamStats, WarmScript, WarmStats } from '@common-gateway/core'
import { Exchange, toOriginForm } from '@common-gateway/core/adapter'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Mount } from '../site/gateways.js'
import type { RequestJournal } from '../journal/request-journal.js'
import { adviseOn } from '../advice/script-check.js'
import type { Site } from '../site/site.js'
import { STATUS_PATH } from '../access/access.js'
import { toBytes } from '../text/byte-text.js'
import type { Assets } from '../text/document.js'
import { readAssets } from './assets.js'
import { RequestHistory } from './history.js'
import { inspect, type Inspection, prepareGateways } from './inspection.js'
import { writeInspect } from './inspect-view.js'
import { HEADERS, refuseOthers } from '../access/local-only.js'
import { type Page, writePage } from './page.js'
import { snapshotOf } from './snapshot.js'
import { type StatusState, writeParts, writePastRows, writeStatus } from './status-view.js'
import { Traffic } from './traffic.js'
import { StatusUpdates } from './updates.js'

/** The parts of the server that the status page shows. */
export interface StatusOptions {
  readonly journal: RequestJournal
  readonly site: Site
  readonly mounts: readonly Mount[]
}

/** Serves the status page to clients on this machine. */
export async function serveStatus(app: FastifyInstance, options: StatusOptions): Promise<void> {
  const assets = await readAssets()
  await app.register(async (scope) => addRoutes(scope, options, assets), { prefix: STATUS_PATH })
}

function addRoutes(
  app: FastifyInstance,
  { journal, site, mounts }: StatusOptions,
  assets: Assets,
): void {
  const startTime = Date.now()
  const history = new RequestHistory()
  const traffic = new Traffic()
  const { folder } = site
  const gateways = prepareGateways(mounts, site, warmScript)
  const urls = mounts.map(({ url }) => (url === '/' ? '' : url))
  const updates = new StatusUpdates(
    {
      get sequence() {
        return history.sequence
      },
      get isAging() {
        return journal.open.size > 0
      },
      parts: () => writeParts(currentState()),
      rowsAfter: (sequence) => writePastRows(history.after(sequence), { folder, now: Date.now() }),
    },
    startTime.toString(36),
  )

  /** Several gateways may share an application server. */
  function upstreams(): UpstreamStats[] {
    const all = [...app.cgi.values()].flatMap((gateway) => gateway.stats().upstreams ?? [])
    return [...new Map(all.map((upstream) => [upstream.id ?? upstream.name, upstream])).values()]
  }

  function warmStats(): WarmStats[] {
    return mounts.flatMap(({ url }) => app.cgi.get(url)?.stats().warm ?? [])
  }

  function warmScript(url: string, file: string): WarmScript | undefined {
    const scripts = app.cgi.get(url)?.stats().warm?.scripts
    return scripts?.find(({ script }) => script === toBytes(file))
  }

  function currentState(): StatusState {
    const now = Date.now()
    const open = [...journal.open].map(snapshotOf)
    const slots = traffic.slots(now)
    return {
      folder,
      urls,
      now,
      startTime,
      open,
      totals: history.totals,
      slots,
      upstreams: upstreams(),
      warm: warmStats(),
    }
  }

  journal.on('open', (record) => traffic.add(record))
  journal.on('end', (record) => {
    history.add(record)
    traffic.finish(record)
  })
  for (const event of ['open', 'change', 'end'] as const) journal.on(event, () => updates.touch())
  app.addHook('onRequest', refuseOthers)
  app.addHook('preClose', async () => updates.close())

  app.get('/', (_request, reply) => {
    const content = writeStatus(currentState(), history.after(0), updates.cursor)
    return send(reply, { path: `${STATUS_PATH}/`, title: 'Status', content }, assets)
  })

  app.get('/events', { exposeHeadRoute: false }, (request, reply) => {
    const stream = updates.listen(parametersOf(request).get('after') ?? '')
    if (stream === null) return reply.code(503).header('retry-after', '5').send('')
    return reply
      .headers({ ...HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
      .send(stream)
  })

  app.get('/inspect', async (request, reply) => {
    const parameters = parametersOf(request)
    const question = {
      method: parameters.get('method')?.toUpperCase() ?? 'GET',
      url: parameters.get('url') ?? '',
    }
    const url = toTarget(question.url)
    const isAsked = question.url.trim() !== ''
    const inspection = isAsked ? await inspectAs(request, reply, { ...question, url }) : undefined
    const finding = inspection && { url, inspection }
    const content = writeInspect(question, finding, urls)
    return send(reply, { path: `${STATUS_PATH}/inspect`, title: 'Inspect', content }, assets)
  })

  /** Inspects a URL with the client and the server address of this request. */
  function inspectAs(
    native: FastifyRequest,
    reply: FastifyReply,
    { method, url }: { method: string; url: string },
  ): Promise<Inspection> {
    const { raw, ip, protocol, host } = native
    const view = { native, mount: '', remoteAddress: ip, scheme: protocol, host }
    const exchange = new Exchange(raw, reply.raw, view)
    exchange.pass()
    const asked = { ...exchange.request, method, url, originalUrl: url, body: null }
    return inspect(asked, gateways, (script) => adviseOn(script, site)?.sentence)
  }
}

function send(reply: FastifyReply, page: Page, assets: Assets): FastifyReply {
  return reply
    .headers({ ...HEADERS, 'content-security-policy': assets.policy })
    .type('text/html; charset=utf-8')
    .send(writePage(page, assets))
}

function parametersOf({ raw }: FastifyRequest): URLSearchParams {
  return new URL(toOriginForm(raw.url ?? '/'), 'http://localhost').searchParams
}

/** A URL as a browser sends it, except that dot segments are kept. */
function toTarget(url: string): string {
  const [path = ''] = url
    .trim()
    .replace(/^https?:\/\/[^/?#]*/i, '')
    .split('#', 1)
  const absolute = path.startsWith('/') ? path : `/${path}`
  return absolute.replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}
