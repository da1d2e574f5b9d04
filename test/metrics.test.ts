import { type CgiStats, createMetrics as createOfCore } from '@common-gateway/core'
import { createMetrics as createOfExpress } from '@common-gateway/express'
import { fastcgi } from '@common-gateway/fastcgi'
import cgi, { createMetrics } from '@common-gateway/fastify'
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import Fastify from 'fastify'
import t from 'tap'
import { needs } from './apps/programs.js'
import { ScriptedUpstream } from './fastcgi/scripted-upstream.js'

const STATS: CgiStats = {
  running: 1,
  queued: 2,
  started: 3,
  failed: 4,
  abandoned: 5,
  refused: 6,
  bytesIn: 7,
  bytesOut: 8_000_000_000_000,
}
const UPSTREAM = {
  name: '127.0.0.1:9000',
  state: 'up',
  busy: 1,
  idle: 0,
  maxConnections: 1,
  requests: 9,
  failures: 2,
  retries: 0,
} as const
const WARM = { servers: 2, runs: 10, refused: 1, plain: {}, scripts: [] }

function gateway(stats: Partial<CgiStats> = {}): { stats(): CgiStats } {
  return { stats: () => ({ ...STATS, ...stats }) }
}

/** Has Prometheus's own tool read the metrics and hold them to its rules. */
function check(metrics: string): void {
  const { status, stderr } = spawnSync('promtool', ['check', 'metrics'], {
    input: metrics,
    encoding: 'utf8',
  })
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' })
}

void t.test('LOG-2 metrics of gateways, for Prometheus', needs('promtool'), async (t) => {
  void t.test('LOG-2 each gateway has its samples', async () => {
    const metrics = createMetrics(
      new Map([
        ['', gateway()],
        ['/tools', gateway({ running: 30 })],
      ]),
    )
    check(metrics)
    const running = metrics.split('\n').filter((line) => /scripts_running\b/.test(line))
    assert.deepEqual(running, [
      '# HELP common_gateway_scripts_running Running scripts.',
      '# TYPE common_gateway_scripts_running gauge',
      'common_gateway_scripts_running{mount="/"} 1',
      'common_gateway_scripts_running{mount="/tools"} 30',
    ])
    assert.match(metrics, /^common_gateway_sent_bytes_total\{mount="\/"\} 8000000000000$/m)
    assert.doesNotMatch(metrics, /upstream|warm/)
  })

  void t.test('LOG-2 names that would end a label', async () => {
    const names = ['/a"b', String.raw`/a\b`, '/a\nb', '/ä', '/a{b="c"} 1']
    const metrics = createMetrics(names.map((name) => [name, gateway()]))
    check(metrics)
    const labels = [...metrics.matchAll(/^common_gateway_scripts_running\{mount="(.*)"\} 1$/gm)]
    assert.deepEqual(
      // The escapes of the format are those of JSON.
      labels.map(([, label]): unknown => JSON.parse(`"${label}"`)),
      names,
    )
  })

  void t.test(
    'LOG-2 upstreams that gateways share appear once; fork servers by gateway',
    async () => {
      const first = { ...UPSTREAM, id: 1 }
      // Of another copy of the package, which counts for itself.
      const other = { ...UPSTREAM, id: 1, name: 'php-cgi 1', state: 'stopped' } as const
      const metrics = createMetrics([
        ['/one', gateway({ upstreams: [first, other], warm: WARM })],
        ['/two', gateway({ upstreams: [first] })],
      ])
      check(metrics)
      const samples = metrics
        .split('\n')
        .filter((line) => /^\w+(?:upstream_up|warm_servers)/.test(line))
      assert.deepEqual(samples, [
        'common_gateway_warm_servers{mount="/one"} 2',
        'common_gateway_upstream_up{upstream="127.0.0.1:9000"} 1',
        'common_gateway_upstream_up{upstream="php-cgi 1"} 1',
      ])
    },
  )

  void t.test('LOG-2 an upstream that is busy, or waits for its first request, is up', async () => {
    const states = ['up', 'full', 'stopped', 'down'] as const
    const upstreams = states.map((state, index) => {
      return { ...UPSTREAM, id: index, name: state, state }
    })
    const metrics = createMetrics([['/', gateway({ upstreams })]])
    check(metrics)
    assert.deepEqual(metrics.match(/upstream_up\{.*/g), [
      'upstream_up{upstream="up"} 1',
      'upstream_up{upstream="full"} 1',
      'upstream_up{upstream="stopped"} 1',
      'upstream_up{upstream="down"} 0',
    ])
  })

  void t.test('LOG-2 gateways of the same mount are added', async () => {
    const own = [
      ['/cgi-bin', gateway({ warm: WARM })],
      ['/cgi-bin', gateway({ warm: WARM })],
    ] as const
    const metrics = createMetrics([...own, ['', gateway()], ['/', gateway()]])
    check(metrics)
    assert.deepEqual(metrics.match(/(?:running|warm_runs_total)\{.*/g), [
      'running{mount="/cgi-bin"} 2',
      'running{mount="/"} 2',
      'warm_runs_total{mount="/cgi-bin"} 20',
    ])
  })

  void t.test('LOG-2 two connections to one application server are added', async (t) => {
    const upstream = await new ScriptedUpstream(
      { answer: (call) => call.answer('hello') },
      { port: 0, host: '127.0.0.1' },
      'fastcgi',
    ).start()
    t.after(() => upstream.stop())
    const { address } = upstream
    const shared = fastcgi(address)
    const app = Fastify()
    t.after(() => app.close())
    await app.register(cgi, { prefix: '/own', script: fastcgi(address) })
    await app.register(cgi, { prefix: '/one', script: shared })
    await app.register(cgi, { prefix: '/two', script: shared })
    for (const url of ['/own/x', '/own/y', '/one/x', '/two/x']) {
      assert.equal((await app.inject(url)).body, 'hello')
    }
    const metrics = createMetrics(app.cgi)
    check(metrics)
    assert.deepEqual(metrics.match(/upstream_(?:up|requests_total)\{.*/g), [
      `upstream_up{upstream="${address}"} 1`,
      `upstream_requests_total{upstream="${address}"} 4`,
    ])
  })

  void t.test('LOG-2 a gateway that is not in a list is refused', async () => {
    const single = { stats: () => STATS }
    // The compiler refuses it, too.
    for (const wrong of [single, undefined, null] as unknown as [Map<string, typeof single>]) {
      assert.throws(() => createMetrics(wrong), /createMetrics\(\) expects gateways by mount/)
    }
  })

  void t.test('LOG-2 no gateway', async () => {
    assert.equal(createMetrics([]), '')
  })

  void t.test('LOG-2 every package of an application has the function', async () => {
    assert.equal(createOfExpress, createMetrics)
    assert.equal(createOfCore, createMetrics)
  })
})
