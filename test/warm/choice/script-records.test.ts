import assert from 'node:assert/strict'
import t from 'tap'
import { ScriptRecords } from '@internal/warm/choice/script-records.js'
import { WarmCounts } from '@internal/warm/choice/warm-counts.js'
import { DEFAULTS } from '@internal/warm/options/options.js'
import { splitCommand } from '@internal/warm/script/command-line.js'

void t.test('WARM-13 of 5,000 scripts the last 1,000 are remembered', async () => {
  const records = new ScriptRecords(DEFAULTS)
  const first = records.find(splitCommand(['/0.py']))
  for (let number = 1; number < 5000; number += 1) {
    records.find(splitCommand([`/${number}.py`])).variant('key')
    if (number < 4500) assert.equal(records.find(splitCommand(['/0.py'])), first)
  }
  const { latest } = records
  assert.equal(latest.length, 1000)
  assert.equal(latest[0]?.script, '/4999.py')
  assert.ok(latest.includes(first))
})

void t.test('WARM-13 the statistics have 100 scripts and 50 reasons', async () => {
  const records = new ScriptRecords(DEFAULTS)
  const counts = new WarmCounts()
  for (let number = 0; number < 200; number += 1) {
    records.find(splitCommand([`/${number}.py`]))
    counts.countPlain(`reason ${number}: with details ${number}`)
    counts.countPlain(`file changed: /${number}.py`)
  }
  const { plain, scripts } = counts.stats(0, records.latest)
  assert.equal(scripts.length, 100)
  assert.equal(scripts[0]?.script, '/199.py')
  assert.equal(Object.keys(plain).length, 51)
  assert.equal(plain['file changed'], 200)
  assert.equal(plain['reason 0'], 1)
  assert.equal(plain['other reasons'], 151)
})
