import assert from 'node:assert/strict'
import t from 'tap'
import { chooseUpstream } from '@internal/fastcgi/upstream/choice.js'
import type { Upstream } from '@internal/fastcgi/upstream/upstream.js'
import { createUpstream } from './upstreams.js'

interface Facts {
  readonly busy?: number
  readonly requests?: number
  readonly maxConnections?: number
  /** How it has failed, at the time 0. */
  readonly failure?: 'protocol' | 'unreachable'
}

function upstream(name: string, facts: Facts): Upstream {
  const { busy = 0, requests = 0, maxConnections = 4, failure } = facts
  const made = createUpstream(name, { maxConnections })
  made.busy = busy
  made.requests = requests
  if (failure !== undefined) made.health.fail(failure, 0, false)
  return made
}

/** The name of the upstream that is chosen. */
function choose(now: number, group: Record<string, Facts>, avoided?: string): string | undefined {
  const upstreams = Object.entries(group).map(([name, facts]) => upstream(name, facts))
  const other = upstreams.find(({ name }) => name === avoided)
  return chooseUpstream(upstreams, now, other)?.name
}

void t.test(
  'UP-7 the upstream with the least part of its connections taken is chosen',
  async () => {
    assert.equal(choose(0, { a: { busy: 2 }, b: { busy: 1 } }), 'b')
    assert.equal(
      choose(0, { a: { busy: 2, maxConnections: 8 }, b: { busy: 1, maxConnections: 2 } }),
      'a',
    )
  },
)

void t.test('UP-7 among equals, the one with the fewest requests is chosen', async () => {
  assert.equal(choose(0, { a: { requests: 9 }, b: { requests: 8 }, c: { requests: 8 } }), 'b')
})

void t.test('UP-6 an upstream without a free connection is not chosen', async () => {
  assert.equal(choose(0, { a: { busy: 4 }, b: { busy: 3 } }), 'b')
  assert.equal(choose(0, { a: { busy: 4 }, b: { busy: 4 } }), undefined)
})

void t.test(
  'UP-7 an upstream that is down is chosen when its time out is over, by one request',
  async () => {
    assert.equal(choose(99, { a: { failure: 'protocol' }, b: { busy: 3 } }), 'b')
    assert.equal(choose(100, { a: { failure: 'protocol' }, b: {} }), 'a')
    assert.equal(choose(100, { a: { failure: 'protocol', busy: 1 }, b: { busy: 3 } }), 'b')
    assert.equal(choose(99, { a: { failure: 'protocol' } }), undefined)
  },
)

void t.test('UP-7 no request is the probe of an upstream that could not be reached', async () => {
  assert.equal(choose(100, { a: { failure: 'unreachable' }, b: { busy: 3 } }), 'b')
  assert.equal(choose(100, { a: { failure: 'unreachable' } }), undefined)
})

void t.test('UP-5 a request is sent again to another upstream, if there is one', async () => {
  assert.equal(choose(0, { a: {}, b: { busy: 3 } }, 'a'), 'b')
  assert.equal(choose(0, { a: {}, b: { busy: 4 } }, 'a'), 'a')
  assert.equal(choose(0, { a: {}, b: { failure: 'protocol' } }, 'a'), 'a')
})

void t.test('UP-5 one that is no candidate is not chosen', async () => {
  assert.equal(chooseUpstream([upstream('b', { busy: 4 })], 0, upstream('a', {})), undefined)
})
