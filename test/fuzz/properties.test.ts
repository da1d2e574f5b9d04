import assert from 'node:assert/strict'
import t from 'tap'
import { createSeed } from './arguments.js'
import { commandFor, properties } from './properties.js'

/** Inputs for the cheapest; all properties together are to take about ten seconds. */
const INPUTS = 1_000

for (const property of properties) {
  void t.test(property.name, async () => {
    const seed = createSeed()
    const { inputs, failure } = await property.check({
      seed,
      inputs: Math.ceil(INPUTS / property.cost),
    })
    assert.equal(failure, undefined, `${failure}\nAgain: ${commandFor(property, seed)}`)
    assert.ok(inputs > 0)
  })
}
