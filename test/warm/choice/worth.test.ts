import assert from 'node:assert/strict'
import t from 'tap'
import { Worth } from '@internal/warm/choice/worth.js'

function measure(plain: readonly number[], warm: readonly number[]): Worth {
  const worth = new Worth()
  for (const each of plain) worth.addPlain(each)
  for (const each of warm) worth.addWarm(each)
  return worth
}

const TENS = Array.from({ length: 9 }, () => 10)

void t.test('WARM-11 there is no result of few runs', async () => {
  assert.equal(measure([50, 50, 50, 50, 50], TENS.slice(1)).ratio, undefined)
  assert.equal(measure([50, 50, 50, 50], TENS).ratio, undefined)
  assert.equal(measure([50, 50, 50, 50, 50], TENS).ratio, 5)
})

void t.test('WARM-11 compares the medians of the last runs', async () => {
  assert.equal(measure([50, 50, 50, 50, 9000], [900, 10, 10, 10, 10, 1, 10, 10, 10, 10]).ratio, 5)
  const last = [...Array.from({ length: 9 }, () => 500), ...Array.from({ length: 9 }, () => 20)]
  assert.equal(measure(last, TENS).ratio, 2)
})

void t.test('WARM-11 less than 1.2 times faster is too small', async () => {
  assert.equal(measure([12, 12, 12, 12, 12], TENS).isTooSmall, false)
  assert.equal(measure([11.9, 12, 11, 11.9, 12], TENS).isTooSmall, true)
  assert.equal(measure([1], TENS).isTooSmall, false)
})

void t.test('WARM-11 one run of twenty is plain', async () => {
  const worth = new Worth()
  const runs = Array.from({ length: 60 }, () => worth.takesPlainRun())
  assert.equal(runs.filter(Boolean).length, 3)
})
