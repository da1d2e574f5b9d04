import assert from 'node:assert/strict'
import t from 'tap'
import { createFieldVariables } from '@internal/core/environment/field-variables.js'

const IGNORE = { passAuthorization: false, underscoreHeaders: 'ignore' } as const

void t.test(
  'ENV-2 a name that is known from another gateway follows its own settings',
  async () => {
    const fields = [
      ['Authorization', 'a'],
      ['X_A', 'b'],
    ] as const
    const PASS = { passAuthorization: true, underscoreHeaders: 'allow' } as const
    for (const settings of [IGNORE, PASS, IGNORE]) {
      const made = createFieldVariables(fields, settings)
      const expected = settings === PASS ? { HTTP_AUTHORIZATION: 'a', HTTP_X_A: 'b' } : {}
      assert.deepEqual({ ...made }, expected)
    }
  },
)

void t.test(
  'ENV-2 names that clients make up have their variables, however many there are',
  async () => {
    const size = 700
    for (let client = 0; client < 5; client += 1) {
      const names = Array.from({ length: size }, (_, n) => `X-${client}-${n}`)
      // Names of other kinds among them, and one that is longer than most.
      const others = ['Proxy', 'Host', 'Bad Name', `X-${'a'.repeat(300)}`]
      const fields = [...names, ...others].map((name) => [name, name] as const)
      const made = createFieldVariables(fields, IGNORE)
      assert.equal(Object.keys(made).length, size + 2)
      assert.equal(made[`HTTP_X_${client}_${size - 1}`], `X-${client}-${size - 1}`)
      assert.equal(made['HTTP_HOST'], 'Host')
    }
  },
)
