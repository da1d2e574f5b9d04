import type { UpstreamStats } from '../transport/upstream-stats.js'
import type { WarmStats } from '../transport/warm-stats.js'
import type { CgiStats } from './diagnostics.js'

/** A family of samples, as Prometheus's naming rules have it. */
type Family<Source> = readonly [
  name: string,
  type: 'gauge' | 'counter',
  help: string,
  valueOf: (source: Source) => number,
  /** Makes one sample of two of the same name. Default: their sum. */
  unite?: (one: number, other: number) => number,
]

const OF_GATEWAYS: readonly Family<CgiStats>[] = [
  ['scripts_running', 'gauge', 'Running scripts.', (stats) => stats.running],
  ['requests_queued', 'gauge', 'Requests that wait for a slot.', (stats) => stats.queued],
  ['scripts_started_total', 'counter', 'Started scripts.', (stats) => stats.started],
  ['scripts_failed_total', 'counter', 'Scripts that failed.', (stats) => stats.failed],
  ['requests_abandoned_total', 'counter', 'Clients that left.', (stats) => stats.abandoned],
  ['requests_refused_total', 'counter', 'Requests answered with 503.', (stats) => stats.refused],
  ['received_bytes_total', 'counter', 'Bytes of request bodies.', (stats) => stats.bytesIn],
  ['sent_bytes_total', 'counter', 'Bytes that scripts wrote.', (stats) => stats.bytesOut],
]

const OF_WARM: readonly Family<WarmStats>[] = [
  ['warm_servers', 'gauge', 'Fork servers that run.', (warm) => warm.servers],
  ['warm_runs_total', 'counter', 'Requests that a fork server ran.', (warm) => warm.runs],
  ['warm_refused_total', 'counter', 'Requests that a fork server refused.', (warm) => warm.refused],
]

const OF_UPSTREAMS: readonly Family<UpstreamStats>[] = [
  [
    'upstream_up',
    'gauge',
    '0: gets no requests since it has failed.',
    // One that is busy is no less up, nor is a worker that is started for its next request.
    ({ state }) => (state === 'down' ? 0 : 1),
    Math.min,
  ],
  ['upstream_busy', 'gauge', 'Requests that it works on.', ({ busy }) => busy],
  ['upstream_requests_total', 'counter', 'Requests sent to it.', ({ requests }) => requests],
  ['upstream_failures_total', 'counter', 'Failures of it.', ({ failures }) => failures],
]

/**
 * Writes the statistics of gateways in the text format of Prometheus, 0.0.4, whose media type is
 * `text/plain; version=0.0.4`. Other metrics of the application in that format can follow. The counts of gateways with
 * the same mount are added.
 *
 * @param gateways - each gateway after its mount, which becomes the label `mount`: `fastify.cgi`, or a Map of
 *   middlewares.
 * @throws {TypeError} if it gets something else, such as one gateway
 */
export function createMetrics(
  gateways: Iterable<readonly [mount: string, gateway: { stats(): CgiStats }]>,
): string {
  if (!(Symbol.iterator in Object(gateways))) {
    throw new TypeError(
      "createMetrics() expects gateways by mount: fastify.cgi, or [['/cgi-bin', gateway]]",
    )
  }
  const all: (readonly [mount: string, stats: CgiStats])[] = []
  for (const [mount, gateway] of gateways) all.push([mount || '/', gateway.stats()])
  const warm = all.flatMap(([mount, stats]) => {
    return stats.warm === undefined ? [] : [[mount, stats.warm] as const]
  })
  // Several gateways may share an application server.
  const upstreams = new Map<string, UpstreamStats>()
  for (const [, stats] of all) {
    for (const upstream of stats.upstreams ?? []) {
      // Two copies of a package count for themselves.
      upstreams.set(`${upstream.id} ${upstream.name}`, upstream)
    }
  }
  const named = [...upstreams.values()].map((upstream) => [upstream.name, upstream] as const)
  return [
    ...OF_GATEWAYS.map((family) => writeFamily(family, 'mount', all)),
    ...OF_WARM.map((family) => writeFamily(family, 'mount', warm)),
    ...OF_UPSTREAMS.map((family) => writeFamily(family, 'upstream', named)),
  ].join('')
}

function writeFamily<Source>(
  [name, type, help, valueOf, unite = add]: Family<Source>,
  label: string,
  sources: readonly (readonly [value: string, source: Source])[],
): string {
  if (sources.length === 0) return ''
  const full = `common_gateway_${name}`
  // Prometheus refuses all metrics if two have the same name and labels.
  const samples = new Map<string, number>()
  for (const [value, source] of sources) {
    const before = samples.get(value)
    const own = valueOf(source)
    samples.set(value, before === undefined ? own : unite(before, own))
  }
  const lines = [...samples].map(([value, sample]) => {
    return `${full}{${label}="${escape(value)}"} ${sample}\n`
  })
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join('')}`
}

function add(one: number, other: number): number {
  return one + other
}

function escape(value: string): string {
  return value.replace(/["\\\n]/g, (character) => {
    return character === '\n' ? String.raw`\n` : `\\${character}`
  })
}
