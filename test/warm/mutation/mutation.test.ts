import assert from 'node:assert/strict'
import t from 'tap'
import { needs } from '../../cli/program.js'
import { mutate } from './mutation.js'
import { PERL, PYTHON } from '../interpreters.js'

const NO_HANG = { timeout: 300_000 }

for (const [language, program] of [
  ['python', PYTHON],
  ['perl', PERL],
] as const) {
  void t.test(
    `WARM-41 no answer is stale while files and variables change (${language})`,
    { ...needs(program), ...NO_HANG },
    async () => {
      const { changes, warm, faults } = await mutate({
        requests: 100,
        leastWarm: 10,
        seed: 41,
        languages: [language],
        interval: 4_000,
      })
      assert.deepEqual(faults, [])
      assert.ok(changes > 0 && warm >= 10, `${changes} changes, ${warm} warm`)
    },
  )
}
