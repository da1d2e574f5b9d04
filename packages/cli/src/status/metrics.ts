import type { CgiStats, UpstreamStats } from '@common-gateway/core'
import type { FastifyInstance } from 'fastify'
import { METRICS_PATH } from '../access/access.js'
import { HEADERS, refuseOthers } from '../access/local-only.js'

/** Names, types and meanings, as Prometheus's naming rules have them. */
const METRICS: readonly (readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  valueOf: (stats: CgiStats) => number,
])[] = [
  ['scripts_running', 'gauge', 'Running scripts.', (stats) => stats.running],
  ['requests_queued', 'gauge', 'Requests that wait for a slot.', (stats) => stats.queued],
  ['scripts_started_total', 'counter', 'Started scripts.', (stats) => stats.started],
  ['scripts_failed_total', 'counter', 'Scripts that failed.', (stats) => stats.failed],
  ['requests_abandoned_total', 'counter', 'Clients that left.', (stats) => stats.abandoned],
  ['requests_refused_total', 'counter', 'Requests answered with 503.', (stats) => stats.refused],
  ['received_bytes_total', 'counter', 'Bytes of request bodies.', (stats) => stats.bytesIn],
  ['sent_bytes_total', 'counter', 'Bytes that scripts wrote.', (stats) => stats.bytesOut],
]

const UPSTREAM_METRICS: readonly (readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  valueOf: (stats: UpstreamStats) => number,
])[] = [
  ['upstream_up', 'gauge', '1: takes requests.', ({ state }) => (state === 'up' ? 1 : 0)],
  ['upstream_busy', 'gauge', 'Requests that it works on.', ({ busy }) => busy],
  ['upstream_requests_total', 'counter', 'Requests sent to it.', ({ requests }) => requests],
  ['upstream_failures_total', 'counter', 'Failures of it.', ({ failures }) => failures],
]

/** Statistics by the path of each gateway, in Prometheus's text format 0.0.4. */
function writeMetrics(gateways: ReadonlyMap<string, CgiStats>): string {
  const all = [...gateways]
  // Several gateways may share an application server.
  const upstreams = new Map(
    all.flatMap(([, { upstreams: own = [] }]) => own.map((each) => [each.name, each] as const)),
  )
  const families = [
    ...METRICS.map(([name, type, help, valueOf]) => {
      const samples = all.map(([url, stats]) => [label('mount', url), valueOf(stats)] as const)
      return writeFamily({ name, type, help }, samples)
    }),
    ...UPSTREAM_METRICS.map(([name, type, help, valueOf]) => {
      const samples = [...upstreams].map(([upstream, stats]) => {
        return [label('upstream', upstream), valueOf(stats)] as const
      })
      return writeFamily({ name, type, help }, samples)
    }),
  ]
  return families.join('')
}

function writeFamily(
  { name, type, help }: { name: string; type: string; help: string },
  samples: readonly (readonly [labels: string, value: number])[],
): string {
  if (samples.length === 0) return ''
  const full = `common_gateway_${name}`
  const lines = samples.map(([labels, value]) => `${full}{${labels}} ${value}\n`)
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`
}

function label(name: string, value: string): string {
  const escaped = value.replace(/["\\\n]/g, (character) => {
    return character === '\n' ? String.raw`\n` : `\\${character}`
  })
  return `${name}="${escaped}"`
}

/** Serves the metrics to clients on this machine. */
export function serveMetrics(app: FastifyInstance): void {
  app.get(METRICS_PATH, { onRequest: refuseOthers }, (_request, reply) => {
    const stats = new Map([...app.cgi].map(([url, gateway]) => [url, gateway.stats()] as const))
    return reply
      .headers(HEADERS)
      .type('text/plain; version=0.0.4; charset=utf-8')
      .send(writeMetrics(stats))
  })
}
