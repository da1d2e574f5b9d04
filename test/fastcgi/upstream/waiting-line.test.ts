import assert from 'node:assert/strict'
import t from 'tap'
import { WaitingLine } from '@internal/fastcgi/upstream/waiting-line.js'

void t.test('UP-6 the first in the line is the first out', async () => {
  const line = new WaitingLine<number>()
  const waits = ['a', 'b', 'c'].map(async (name) => `${name}${await line.wait(undefined)}`)
  for (const number of [1, 2, 3]) line.admit(number)
  assert.deepEqual(await Promise.all(waits), ['a1', 'b2', 'c3'])
  assert.equal(line.isEmpty, true)
  line.admit(4)
})

void t.test('UP-6 one whose client has left is passed over', async () => {
  const line = new WaitingLine<number>()
  const client = new AbortController()
  const gone = line.wait(client.signal, -1)
  const next = line.wait(undefined)
  client.abort()
  assert.equal(await gone, -1)
  line.admit(1)
  assert.equal(await next, 1)
})
