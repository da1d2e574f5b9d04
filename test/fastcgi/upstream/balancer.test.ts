import assert from 'node:assert/strict'
import t from 'tap'
import type { CgiLogger } from '@common-gateway/core/transport'
import type { Upstream } from '@internal/fastcgi/upstream/upstream.js'
import { UpstreamGroup } from '@internal/fastcgi/upstream/upstream-group.js'
import { until } from '../../support/processes.js'
import { startSilentListener } from '../silent-listener.js'
import { createUpstream } from './upstreams.js'

const SILENT: CgiLogger = { warn: () => {}, error: () => {} }

function search(): Parameters<UpstreamGroup['enter']>[0] {
  const now = performance.now()
  const deadlines = { queueDeadline: now + 60_000, connectDeadline: now + 60_000 }
  return { signal: undefined, arrival: now, start: now, ...deadlines }
}

void t.test('UP-7 a probe that close() ends is no failure', async (t) => {
  const listener = await startSilentListener()
  t.teardown(() => listener.close())
  const [host = '', port] = listener.address.split(':')
  // Its backlog is full, so that a connection stays pending.
  const pending = createUpstream('pending', { address: { host, port: Number(port) } })
  const other = createUpstream('other')
  const group = new UpstreamGroup([pending, other], SILENT)
  group.balancer.fail(pending, 'unreachable', new Error('on purpose'))
  await until(() => pending.health.timeOut(performance.now()) <= 0, 'it can be probed')
  assert.equal(await group.enter(search()), other)
  assert.equal(pending.isProbed, true)
  group.close()
  await until(() => !pending.isProbed, 'the probe has ended')
  assert.equal(pending.failures, 1)
})

void t.test('UP-6 a request that waits again is before those that came later', async () => {
  const upstream = createUpstream('a', { maxConnections: 1 })
  const group = new UpstreamGroup([upstream], SILENT)
  const first = search()
  await group.enter(first)
  const order: string[] = []
  const late = group.enter({ ...search(), arrival: first.arrival + 2 })
  const later = group.enter({ ...search(), arrival: first.arrival + 3 })
  // The backlog was full: it gives its place back, and searches again.
  upstream.limitToBusy()
  group.leave(upstream, false)
  const again = group.enter({ ...first, failed: { upstream, error: new Error('full') } })
  const waits = Object.entries({ again, late, later }).map(async ([name, place]) => {
    await place
    order.push(name)
    group.leave(upstream, true)
  })
  await Promise.all(waits)
  assert.deepEqual(order, ['again', 'late', 'later'])
})

/** An upstream that has gone down with a request on it, beside one that is up. Both have one place. */
async function downBesideUp(): Promise<{ down: Upstream; up: Upstream; group: UpstreamGroup }> {
  const down = createUpstream('down', { maxConnections: 1 })
  const up = createUpstream('up', { maxConnections: 1 })
  const group = new UpstreamGroup([down, up], SILENT)
  assert.ok(group.slots.take())
  assert.equal(await group.enter(search()), down)
  // The second failure takes it out.
  for (const reason of ['a', 'b']) group.balancer.fail(down, 'lost', new Error(reason))
  return { down, up, group }
}

void t.test('UP-7 requests on an upstream that is down take no place of another', async () => {
  const { up, group } = await downBesideUp()
  assert.ok(group.slots.take())
  assert.equal(await group.enter(search()), up)
  assert.equal(group.slots.take(), undefined)
})

void t.test('UP-7 an upstream that is down is tried again while the others are full', async () => {
  const { down, up, group } = await downBesideUp()
  group.leave(down, false)
  up.busy += 1
  await until(() => down.health.timeOut(performance.now()) <= 0, 'it can be probed')
  assert.ok(group.slots.take())
  assert.equal(await group.enter(search()), down)
  assert.equal(group.slots.take(), undefined)
})

void t.test(
  'UP-6 requests that wait for another upstream are as many as there are places',
  async () => {
    const loser = createUpstream('loser', { maxConnections: 1 })
    const full = createUpstream('full', { maxConnections: 1 })
    const group = new UpstreamGroup([loser, full], SILENT)
    assert.ok(group.slots.take())
    full.busy += 1
    const leaving = new AbortController()
    const lost = { ...search(), lostBy: loser, signal: leaving.signal }
    const waits = [1, 2].map(async () => {
      assert.ok(group.slots.take())
      await assert.rejects(group.enter(lost), { code: 'CGI_ERR_CLIENT_GONE' })
    })
    const release = group.slots.take()
    await assert.rejects(group.enter(lost), { code: 'CGI_ERR_BUSY' })
    release?.()
    // The place on the one that has lost them is there for others.
    assert.ok(group.slots.take())
    assert.equal(await group.enter(search()), loser)
    leaving.abort()
    await Promise.all(waits)
  },
)
