import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import path from 'node:path'
import type { Test } from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { until } from '../../support/processes.js'
import { type Case, says } from '../case.js'
import { ScriptedUpstream } from '../scripted-upstream.js'
import { startSilentListener } from '../silent-listener.js'

/** An address whose backlog is full, by the function that lets it accept. */
const RELEASES = new Map<string, () => void>()

async function fullBacklog(t: Test, on: 'tcp' | 'unix'): Promise<string> {
  const folder = createTemporaryFolder(t)
  const listener = await startSilentListener(on === 'unix' ? path.join(folder, 'full') : undefined)
  t.after(() => listener.close())
  RELEASES.set(listener.address, () => listener.release())
  return listener.address
}

const UNREACHABLE = { status: 502, code: 'CGI_ERR_NO_UPSTREAM' } as const

const ERRORS: readonly Case[] = [
  {
    name: 'UP-7 a socket that is not there is 502 with the errno',
    upstreams: [],
    address: async (t) => path.join(createTemporaryFolder(t), 'none.sock'),
    expected: { ...UNREACHABLE, reason: /ENOENT/ },
  },
  {
    name: 'UP-7 a port without a listener is 502 with the errno',
    upstreams: [],
    // One that was free a moment ago may be another test's by now; that of tcpmux is nobody's.
    address: async () => '127.0.0.1:1',
    expected: { ...UNREACHABLE, reason: /ECONNREFUSED/ },
  },
  {
    name: 'UP-7 a host whose name is unknown is 502',
    upstreams: [],
    address: async () => 'no-such-host.invalid:9000',
    gateway: { headersTimeout: 20_000 },
    async play({ send }) {
      const { status } = await send('/')
      assert.ok(status === 502 || status === 504, String(status))
    },
  },
  {
    name: 'UP-6 a full backlog of TCP is 504 after connectTimeout',
    upstreams: [],
    address: (t) => fullBacklog(t, 'tcp'),
    fastcgi: { connectTimeout: 300 },
    expected: { status: 504, code: 'CGI_ERR_UPSTREAM_TIMEOUT' },
  },
  {
    name: 'UP-6 a full backlog of TCP is passed over after connectTimeout',
    upstreams: [says('good')],
    address: async (t, upstreams) => [
      await fullBacklog(t, 'tcp'),
      ...upstreams.map(({ address }) => address),
    ],
    fastcgi: { connectTimeout: 1_000 },
    request: { method: 'POST', body: 'once' },
    expected: { text: 'good', seen: [1] },
  },
  {
    name: 'UP-6 a full backlog of a Unix socket waits, and is served when there is room',
    upstreams: [],
    address: (t) => fullBacklog(t, 'unix'),
    async play(stage) {
      const answers = [1, 2, 3].map((number) => stage.send(`/${number}`))
      await until(() => stage.stats()[0]?.state === 'full', 'it is full')
      RELEASES.get(stage.stats()[0]?.name.replace(/^unix:/, '') ?? '')?.()
      for (const answer of await Promise.all(answers)) assert.equal(answer.text, 'accepted')
      assert.equal(stage.stats()[0]?.failures, 0)
    },
  },
  {
    name: 'UP-6 a full backlog of a Unix socket is 503 with Retry-After after queueTimeout',
    upstreams: [],
    address: (t) => fullBacklog(t, 'unix'),
    gateway: { queueTimeout: 300 },
    async play(stage) {
      const answer = await stage.send('/')
      assert.equal(answer.status, 503)
      assert.match(answer.all('retry-after')[0] ?? '', /^\d+$/)
      await stage.gateway.logged(({ code }) => code === 'CGI_ERR_BUSY')
      assert.equal(stage.stats()[0]?.failures, 0)
    },
  },
  {
    name: 'UP-4 a client that leaves while a connection is made costs nothing',
    upstreams: [],
    address: (t) => fullBacklog(t, 'tcp'),
    fastcgi: { connectTimeout: 20_000 },
    async play(stage) {
      const controller = new AbortController()
      const answered = stage.send('/', { signal: controller.signal }).catch(() => null)
      await until(() => stage.gateway.stats().running === 1, 'it runs')
      controller.abort()
      await answered
      await until(() => stage.gateway.stats().running === 0, 'its slot is free')
    },
  },
  {
    name: 'LIFE-4 close() while a connection is made',
    upstreams: [],
    address: (t) => fullBacklog(t, 'tcp'),
    fastcgi: { connectTimeout: 20_000 },
    gateway: { closeTimeout: 50 },
    async play(stage) {
      const answered = stage.send('/').catch(() => null)
      await until(() => stage.gateway.stats().running === 1, 'it runs')
      await stage.gateway.close()
      await answered
    },
  },
]

/** Containers may have no IPv6: its cases show nothing there. */
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === '::1'),
)

const IPV6: readonly Case[] = [
  {
    name: 'UP-7 an IPv6 address',
    upstreams: [],
    async address(t) {
      if (!hasIpv6) return '[::1]:9'
      const listening = { host: '::1', port: 0 }
      const six = await new ScriptedUpstream({ answer: says('six') }, listening).start()
      t.after(() => six.stop())
      return six.address
    },
    async play({ send, sendBy, stats }) {
      if (!hasIpv6) return
      assert.equal((await send('/')).text, 'six')
      assert.equal((await sendBy('POST')).text, 'six')
      assert.match(stats()[0]?.name ?? '', /^\[::1\]:\d+$/)
    },
  },
  {
    name: 'UP-7 an IPv6 address that refuses connections is passed over',
    upstreams: [says('four')],
    address: async (_t, upstreams) => ['[::1]:9', ...upstreams.map(({ address }) => address)],
    async play({ sendBy, stats }) {
      assert.equal((await sendBy('POST')).text, 'four')
      assert.deepEqual([stats()[0]?.name, stats()[0]?.failures], ['[::1]:9', 1])
    },
  },
]

const NAMES: readonly Case[] = [
  {
    name: 'UP-7 a host by its name',
    upstreams: [says('named')],
    on: 'tcp',
    address: async (_t, [upstream]) => upstream?.address.replace('127.0.0.1', 'localhost') ?? '',
    expected: { text: 'named' },
  },
  {
    name: 'UP-7 several addresses, some of which are wrong',
    upstreams: [says('good')],
    address: async (t, upstreams) => [
      path.join(createTemporaryFolder(t), 'none.sock'),
      ...upstreams.map(({ address }) => address),
    ],
    async play({ sendBy }) {
      for (let count = 0; count < 10; count += 1) {
        assert.equal((await sendBy(count % 2 === 0 ? 'GET' : 'POST')).text, 'good')
      }
    },
  },
]

export const addressCases: readonly Case[] = [...ERRORS, ...IPV6, ...NAMES]
