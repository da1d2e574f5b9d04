import { ArraySet } from '@internal/core/data/array-set.js'
import assert from 'node:assert/strict'
import t from 'tap'

void t.test('an ArraySet has its members in the order in which they were added', async () => {
  const set = new ArraySet<string>()
  for (const member of ['a', 'b', 'c']) set.add(member)
  assert.equal(set.delete('b'), true)
  assert.equal(set.delete('b'), false)
  assert.deepEqual(set.members, ['a', 'c'])
  assert.equal(set.has('b'), false)
  assert.equal(set.has('c'), true)
  assert.equal(set.size, 2)
})
