import assert from 'node:assert/strict'
import t from 'tap'
import { Variant } from '@internal/warm/choice/variant.js'

void t.test('WARM-6 changed files count while fork servers do not pay', async () => {
  const variant = new Variant(2, 1_000)
  const results = Array.from({ length: 5 }, () => variant.countChange())
  assert.deepEqual(results, [true, true, true, true, false])
})

void t.test('WARM-6 a fork server that has run ten requests has paid', async () => {
  const variant = new Variant(2, 1_000)
  for (let changes = 0; changes < 4; changes += 1) variant.countChange()
  for (let runs = 0; runs < 10; runs += 1) variant.countRun()
  assert.equal(variant.countChange(), true)
})
