import assert from 'node:assert/strict'
import t from 'tap'
import { UpstreamSlots } from '@internal/fastcgi/upstream/upstream-slots.js'

/** Slots of so many places, which admit as the group has them do it. */
function createSlots(capacity: number): UpstreamSlots {
  const slots = new UpstreamSlots({ capacity: () => capacity, onChange: () => slots.admit() })
  return slots
}

const SIGNAL = new AbortController().signal

void t.test('UP-6 slots are taken and released', async () => {
  const slots = createSlots(2)
  const first = slots.take()
  slots.take()
  assert.equal(slots.free, 0)
  assert.equal(slots.take(), undefined)
  first?.()
  assert.equal(slots.free, 1)
})

void t.test('UP-6 a slot that is released goes to the first that waits', async () => {
  const slots = createSlots(1)
  const release = slots.take()
  const waits = ['a', 'b'].map(async (name) => {
    const next = await slots.wait(SIGNAL)
    return { name, next }
  })
  assert.equal(slots.isWaitedFor, true)
  release?.()
  const { name, next } = await Promise.race(waits)
  assert.equal(name, 'a')
  assert.equal(slots.take(), undefined, 'others wait')
  next()
  assert.equal((await Promise.all(waits))[1]?.name, 'b')
})

void t.test('UP-8 the slot of a request whose worker is being killed is free', async () => {
  const slots = createSlots(1)
  const release = slots.take()
  const wait = slots.wait(SIGNAL)
  const attach = slots.detach()
  const next = await wait
  assert.equal(slots.free, 0)
  attach()
  release?.()
  assert.equal(slots.free, 0)
  next()
  assert.equal(slots.free, 1)
})
