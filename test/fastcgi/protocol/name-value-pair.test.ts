import assert from 'node:assert/strict'
import t from 'tap'
import { decodePairs, encodePair } from '@internal/fastcgi/protocol/name-value-pair.js'

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1')

void t.test('pairs are decoded as they were encoded', async () => {
  const pairs = [
    ['FCGI_MAX_CONNS', '10'],
    ['', 'no name'],
    ['FCGI_MPXS_CONNS', ''],
    ['N'.repeat(127), 'v'.repeat(128)],
    ['N'.repeat(128), '\xff'.repeat(127)],
    ['N'.repeat(300), 'v'.repeat(70_000)],
  ] as const
  const content = pairs.map(([name, value]) => encodePair(name, value)).join('')
  assert.deepEqual([...decodePairs(bytes(content))], pairs)
})

void t.test('a pair that is cut is left out', async () => {
  const whole = encodePair('A', 'b') + encodePair('N'.repeat(130), 'v'.repeat(200))
  for (let length = 0; length <= whole.length; length += 1) {
    const names = [...decodePairs(bytes(whole.slice(0, length))).keys()]
    const expected = length === whole.length ? 2 : length >= 4 ? 1 : 0
    assert.equal(names.length, expected, `${length} bytes`)
  }
})
