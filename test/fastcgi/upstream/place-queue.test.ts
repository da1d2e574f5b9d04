import assert from 'node:assert/strict'
import t from 'tap'
import { CgiError } from '@common-gateway/core'
import { PlaceQueue, type PlaceSearch } from '@internal/fastcgi/upstream/place-queue.js'
import { createUpstream } from './upstreams.js'

const upstream = createUpstream('a')

function searchOf(arrival: number, facts: Partial<PlaceSearch> = {}): PlaceSearch {
  const deadlines = { queueDeadline: Number.POSITIVE_INFINITY, connectDeadline: 0 }
  return { signal: undefined, arrival, start: 0, ...deadlines, ...facts }
}

const arrivalsOf = (queue: PlaceQueue): number[] =>
  queue.requests.map(({ search }) => search.arrival)

void t.test('UP-6 the request that came first is the first in the queue', async () => {
  const queue = new PlaceQueue()
  for (const arrival of [1, 2, 4]) void queue.wait(searchOf(arrival))
  // It has had a place, and waits again.
  void queue.wait(searchOf(3))
  void queue.wait(searchOf(0))
  assert.deepEqual(arrivalsOf(queue), [0, 1, 2, 3, 4])
  assert.equal(queue.hasEarlier(0.5), true)
  assert.equal(queue.hasEarlier(-1), false)
})

void t.test('UP-6 a place ends the wait', async () => {
  const queue = new PlaceQueue()
  const place = queue.wait(searchOf(1))
  const other = queue.wait(searchOf(2))
  queue.requests[0]?.give(upstream)
  assert.equal(await place, upstream)
  assert.deepEqual(arrivalsOf(queue), [2])
  queue.requests[0]?.refuse(new CgiError('CGI_ERR_NO_UPSTREAM'))
  await assert.rejects(other, { code: 'CGI_ERR_NO_UPSTREAM' })
  assert.equal(queue.isEmpty, true)
  assert.equal(queue.hasEarlier(9), false)
})

void t.test('UP-6 a request waits until its deadline: CGI_ERR_BUSY with Retry-After', async () => {
  const queue = new PlaceQueue()
  const patient = queue.wait(searchOf(1))
  await assert.rejects(
    queue.wait(searchOf(2, { queueDeadline: performance.now() + 20 })),
    (error: unknown) => {
      assert.ok(error instanceof CgiError)
      assert.equal(error.code, 'CGI_ERR_BUSY')
      assert.deepEqual(error.headers, { 'retry-after': '1' })
      return true
    },
  )
  assert.deepEqual(arrivalsOf(queue), [1])
  queue.requests[0]?.give(upstream)
  await patient
})

void t.test('UP-4 a client that leaves has no place in the queue', async () => {
  const queue = new PlaceQueue()
  const client = new AbortController()
  const place = queue.wait(searchOf(1, { signal: client.signal }))
  client.abort()
  await assert.rejects(place, { code: 'CGI_ERR_CLIENT_GONE' })
  await assert.rejects(queue.wait(searchOf(1, { signal: client.signal })), {
    code: 'CGI_ERR_CLIENT_GONE',
  })
  assert.equal(queue.isEmpty, true)
})
