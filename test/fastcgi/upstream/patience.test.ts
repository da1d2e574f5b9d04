import assert from 'node:assert/strict'
import t from 'tap'
import { patienceOf, shortestTimeOut } from '@internal/fastcgi/upstream/patience.js'
import { createUpstream } from './upstreams.js'

const DEADLINES = { start: 0, connectDeadline: 3_000 }

void t.test('UP-7 a request waits for an upstream that can be probed within 200 ms', async () => {
  const soon = createUpstream('soon')
  const late = createUpstream('late')
  soon.health.fail('unreachable', 0, false)
  for (const now of [0, 100, 300]) late.health.fail('unreachable', now, false)
  assert.equal(shortestTimeOut([soon, late], 50), 50)
  assert.equal(shortestTimeOut([late], 300), 400)
  assert.equal(patienceOf([late], 300, DEADLINES), 0)
  assert.equal(patienceOf([late, soon], 50, DEADLINES), 2_950)
  assert.ok(patienceOf([late, soon], 3_001, DEADLINES) <= 0, 'the deadline is over')
})

void t.test('UP-7 no time-out ends where none is down', async () => {
  assert.equal(shortestTimeOut([createUpstream('up')], 0), Number.POSITIVE_INFINITY)
})
