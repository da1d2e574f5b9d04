import assert from 'node:assert/strict'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import type { CgiError, CgiErrorCode } from '@common-gateway/core'
import { CountedSlots, type Release, type Slots } from '@common-gateway/core/transport'
import { Limiter } from '@internal/core/run/limiter.js'

type Refusal = CgiErrorCode | 'still waiting' | 'admitted'

const SETTINGS = { maxProcesses: 1, maxQueue: 10, queueTimeout: 0 }

function createLimiter({ maxProcesses, ...settings }: typeof SETTINGS): Limiter {
  return new Limiter(settings, new CountedSlots(maxProcesses))
}

const patient = new AbortController().signal

/** Lets the callbacks of settled promises run. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** What has become of a wait. */
function follow(wait: Promise<Release>): { state: Refusal; release: Release; error?: CgiError } {
  const followed: ReturnType<typeof follow> = {
    state: 'still waiting',
    release: () => assert.fail('not admitted'),
  }
  wait.then(
    (release) => Object.assign(followed, { state: 'admitted', release }),
    // It throws nothing else; were it so, the state would not be the expected one.
    (error: CgiError) => Object.assign(followed, { state: error.code, error }),
  )
  return followed
}

void t.test('LIM-2 lets as many run as there are slots, and no more', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxProcesses: 3 })
  const all = Array.from({ length: 5 }, () => follow(limiter.acquire(patient)))
  await settle()
  assert.deepEqual(
    all.map(({ state }) => state),
    ['admitted', 'admitted', 'admitted', 'still waiting', 'still waiting'],
  )
})

void t.test('LIM-2 the queue is first come, first served', async () => {
  const limiter = createLimiter(SETTINGS)
  const order: number[] = []
  const first = await limiter.acquire(patient)
  const releases: Release[] = []
  for (const number of [1, 2, 3, 4]) {
    void limiter.acquire(patient).then((release) => {
      order.push(number)
      releases.push(release)
    })
  }
  first()
  for (let each = 0; each < 4; each += 1) {
    await settle()
    assert.equal(order.length, each + 1, 'one slot admits one')
    releases[each]?.()
  }
  assert.deepEqual(order, [1, 2, 3, 4])
})

void t.test(
  'LIM-2 a released slot goes to the queue, not to a request that arrives just then',
  async () => {
    const limiter = createLimiter(SETTINGS)
    const first = await limiter.acquire(patient)
    const waiting = follow(limiter.acquire(patient))
    first()
    const late = follow(limiter.acquire(patient))
    await settle()
    assert.equal(waiting.state, 'admitted')
    assert.equal(late.state, 'still waiting')
    waiting.release()
    await settle()
    assert.equal(late.state, 'admitted')
  },
)

void t.test('LIM-2 a slot is free again if no request waits for it', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxProcesses: 2, maxQueue: 0 })
  for (let round = 0; round < 3; round += 1) {
    const releases = [await limiter.acquire(patient), await limiter.acquire(patient)]
    await assert.rejects(limiter.acquire(patient), { code: 'CGI_ERR_BUSY' })
    for (const release of releases) release()
  }
})

void t.test('LIM-2 a slot is given back once, however often it is released', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxQueue: 2 })
  const first = await limiter.acquire(patient)
  const second = follow(limiter.acquire(patient))
  const third = follow(limiter.acquire(patient))
  first()
  first()
  first()
  await settle()
  assert.equal(second.state, 'admitted')
  assert.equal(third.state, 'still waiting')
  second.release()
  await settle()
  assert.equal(third.state, 'admitted')
  third.release()
  third.release()
  const fourth = await limiter.acquire(patient)
  const fifth = follow(limiter.acquire(patient))
  await settle()
  assert.equal(fifth.state, 'still waiting')
  fourth()
})

void t.test('LIM-2 a full queue turns away with 503 and Retry-After', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxQueue: 2 })
  const first = await limiter.acquire(patient)
  const waiting = [follow(limiter.acquire(patient)), follow(limiter.acquire(patient))]
  await assert.rejects(limiter.acquire(patient), (error: CgiError) => {
    assert.equal(error.code, 'CGI_ERR_BUSY')
    assert.equal(error.statusCode, 503)
    // RFC 9110 section 10.2.3: a number of seconds.
    assert.match(error.headers?.['retry-after'] ?? '', /^[1-9]\d*$/)
    return true
  })
  first()
  await settle()
  assert.equal(waiting[0]?.state, 'admitted')
  const next = follow(limiter.acquire(patient))
  await settle()
  assert.equal(next.state, 'still waiting', 'there is room in the queue again')
})

void t.test('LIM-2 without a queue no request waits', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxQueue: 0 })
  const release = await limiter.acquire(patient)
  await assert.rejects(limiter.acquire(patient), { code: 'CGI_ERR_BUSY' })
  release()
  assert.ok(await limiter.acquire(patient))
})

function withClock(t: Test): typeof mock.timers {
  t.after(() => mock.reset())
  mock.timers.enable({ apis: ['setTimeout'] })
  return mock.timers
}

void t.test(
  'LIM-2 a request that waits longer than queueTimeout gets 503 and Retry-After',
  async (t) => {
    const clock = withClock(t)
    const limiter = createLimiter({ ...SETTINGS, queueTimeout: 1_000 })
    const release = await limiter.acquire(patient)
    const first = follow(limiter.acquire(patient))
    clock.tick(600)
    const second = follow(limiter.acquire(patient))
    clock.tick(399)
    await settle()
    assert.equal(first.state, 'still waiting')
    clock.tick(1)
    await settle()
    assert.equal(first.state, 'CGI_ERR_BUSY')
    assert.match(first.error?.headers?.['retry-after'] ?? '', /^[1-9]\d*$/)
    assert.equal(second.state, 'still waiting')
    release()
    await settle()
    assert.equal(second.state, 'admitted')
    clock.tick(10_000)
    await settle()
    assert.equal(second.state, 'admitted', 'an admitted request is not refused later')
  },
)

void t.test('LIM-2 without a queueTimeout they wait as long as it takes', async (t) => {
  const clock = withClock(t)
  const limiter = createLimiter(SETTINGS)
  const release = await limiter.acquire(patient)
  const waiting = follow(limiter.acquire(patient))
  clock.tick(2 ** 31 - 1)
  await settle()
  assert.equal(waiting.state, 'still waiting')
  release()
  await settle()
  assert.equal(waiting.state, 'admitted')
})

void t.test('LIM-2 a client that leaves the queue makes room, and takes no slot', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxQueue: 2 })
  const release = await limiter.acquire(patient)
  const client = new AbortController()
  const gone = follow(limiter.acquire(client.signal))
  const next = follow(limiter.acquire(patient))
  client.abort()
  await settle()
  assert.equal(gone.state, 'CGI_ERR_CLIENT_GONE')
  const last = follow(limiter.acquire(patient))
  await settle()
  assert.equal(last.state, 'still waiting', 'there is room for it')
  release()
  await settle()
  assert.equal(next.state, 'admitted')
  next.release()
  await settle()
  assert.equal(last.state, 'admitted')
})

void t.test('LIM-2 a client that has gone before it asks takes no slot', async () => {
  const limiter = createLimiter(SETTINGS)
  const client = new AbortController()
  client.abort()
  await assert.rejects(limiter.acquire(client.signal), { code: 'CGI_ERR_CLIENT_GONE' })
  assert.ok(await limiter.acquire(patient))
})

void t.test(
  'LIM-2 a client that leaves while its script runs does not touch the queue',
  async () => {
    const limiter = createLimiter(SETTINGS)
    const client = new AbortController()
    const release = await limiter.acquire(client.signal)
    const waiting = follow(limiter.acquire(patient))
    client.abort()
    await settle()
    assert.equal(waiting.state, 'still waiting')
    release()
    await settle()
    assert.equal(waiting.state, 'admitted')
  },
)

void t.test(
  'LIM-2 nothing is left listening to a client, whether admitted, turned away or gone',
  async (t) => {
    const clock = withClock(t)
    const limiter = createLimiter({ ...SETTINGS, queueTimeout: 1_000 })
    const client = new AbortController()
    let listening = 0
    const { signal } = client
    t.after(() => mock.reset())
    mock.method(signal, 'addEventListener', function (this: AbortSignal) {
      listening += 1
    })
    mock.method(signal, 'removeEventListener', function (this: AbortSignal) {
      listening -= 1
    })
    const release = await limiter.acquire(signal)
    const admitted = follow(limiter.acquire(signal))
    const late = follow(limiter.acquire(signal))
    assert.equal(listening, 2)
    release()
    await settle()
    clock.tick(1_000)
    await settle()
    assert.equal(admitted.state, 'admitted')
    assert.equal(late.state, 'CGI_ERR_BUSY')
    assert.equal(listening, 0)
  },
)

void t.test(
  'LIFE-4 close turns away all that wait with 503, and leaves those that run',
  async () => {
    const limiter = createLimiter(SETTINGS)
    const release = await limiter.acquire(patient)
    const waiting = [follow(limiter.acquire(patient)), follow(limiter.acquire(patient))]
    limiter.close()
    await settle()
    for (const { state, error } of waiting) {
      assert.equal(state, 'CGI_ERR_CLOSED')
      assert.equal(error?.statusCode, 503)
    }
    release()
    limiter.close()
  },
)

void t.test(
  'LIM-2 a request that is not ready keeps its place, and others can use the slot meanwhile',
  async () => {
    const limiter = createLimiter({ ...SETTINGS, maxQueue: 1 })
    const places = [limiter.reserve(), limiter.reserve()]
    assert.throws(() => limiter.reserve(), { code: 'CGI_ERR_BUSY' })
    assert.deepEqual([limiter.running, limiter.queued], [0, 2])
    const release = await limiter.acquire(patient)
    // The places are taken.
    await assert.rejects(limiter.acquire(patient), { code: 'CGI_ERR_BUSY' })
    const waits = places.map((place) => follow(limiter.acquire(patient, () => {}, place)))
    await settle()
    assert.deepEqual([limiter.running, limiter.queued], [1, 2])
    release()
    await settle()
    assert.deepEqual(
      waits.map(({ state }) => state),
      ['admitted', 'still waiting'],
    )
    waits[0]?.release()
    await settle()
    waits[1]?.release()
    assert.deepEqual([limiter.running, limiter.queued], [0, 0])
  },
)

void t.test('LIM-2 a place that is given back twice is one place', async () => {
  const limiter = createLimiter({ ...SETTINGS, maxQueue: 1 })
  const [first] = [limiter.reserve(), limiter.reserve()]
  first?.()
  first?.()
  limiter.reserve()
  assert.throws(() => limiter.reserve(), { code: 'CGI_ERR_BUSY' })
})

void t.test('LIM-2 slots may reject a wait that has ended', async () => {
  const slots: Slots = {
    free: 0,
    take: () => undefined,
    wait: (signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('nothing waits any more')))
      }),
  }
  const limiter = new Limiter({ maxQueue: 2, queueTimeout: 0 }, slots)
  const client = new AbortController()
  const waits = [follow(limiter.acquire(client.signal)), follow(limiter.acquire(client.signal))]
  await settle()
  assert.equal(limiter.queued, 2)
  client.abort()
  await settle()
  assert.deepEqual(
    waits.map(({ state }) => state),
    ['CGI_ERR_CLIENT_GONE', 'CGI_ERR_CLIENT_GONE'],
  )
  assert.equal(limiter.queued, 0)
})
