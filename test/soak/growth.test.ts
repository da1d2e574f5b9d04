import { strict as assert } from 'node:assert'
import t from 'tap'
import { measureGrowth, type Sample } from './growth.js'

/** A host that keeps so many bytes of each request, of as many as the command sends to each. */
function samples(kept: number): Sample[] {
  return Array.from({ length: 10 }, (_, part) => {
    const requests = (part + 1) * 10_000
    // What comes and goes with the garbage collector.
    const noise = (part % 3) * 300_000
    const bytes = 20_000_000 + noise + kept * requests
    return { requests, heapBytes: bytes, residentBytes: bytes }
  })
}

const isTooMuch = (kept: number): boolean[] =>
  measureGrowth(samples(kept)).map(({ bytes, limit }) => bytes > limit)

void t.test(
  'the soak command takes a hundred bytes that are kept of each request for a leak',
  async () => {
    assert.deepEqual(isTooMuch(100), [true, true])
  },
)

void t.test('the soak command does not take what comes and goes for a leak', async () => {
  assert.deepEqual(isTooMuch(0), [false, false])
})

void t.test('the soak command measures by how much a host grows with each request', async () => {
  const [heap] = measureGrowth(
    [1, 2, 3].map((part) => ({
      requests: part * 1_000,
      heapBytes: part * 70_000,
      residentBytes: 0,
    })),
  )
  assert.equal(Math.round(heap?.perRequest ?? 0), 70)
})
