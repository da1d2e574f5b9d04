import assert from 'node:assert/strict'
import t from 'tap'
import { needs } from '../../cli/program.js'
import { soakWarm } from './soak.js'

const OPTIONS = { ...needs('/usr/bin/python3'), ...needs('/usr/bin/perl'), timeout: 300_000 }

void t.test(
  'WARM-42 no exit, slot, process or descriptor is lost with a fork server',
  OPTIONS,
  async () => {
    const { faults, warm, kills } = await soakWarm({ requests: 300, seed: 42, requestsPerKill: 30 })
    assert.deepEqual(faults, [])
    assert.ok(warm > 30 && kills > 0, `${warm} warm, ${kills} kills`)
  },
)
