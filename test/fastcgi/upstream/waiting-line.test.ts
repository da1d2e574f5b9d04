import assert from 'node:assert/strict'
import t from 'tap'
import { WaitingLine } from '@internal/fastcgi/upstream/waiting-line.js'

const STAYING = new AbortController().signal

void t.test('UP-6 the first in the line is the first out', async () => {
  const line = new WaitingLine<number>()
  const waits = ['a', 'b', 'c'].map(async (name) => `${name}${await line.wait(STAYING)}`)
  for (const number of [1, 2, 3]) line.admit(number)
  assert.deepEqual(await Promise.all(waits), ['a1', 'b2', 'c3'])
  assert.equal(line.isEmpty, true)
  line.admit(4)
})

void t.test('UP-6 one whose client has left is passed over', async () => {
  const line = new WaitingLine<number>()
  const client = new AbortController()
  void line.wait(client.signal).then(() => assert.fail('it has left'))
  const next = line.wait(STAYING)
  client.abort()
  line.admit(1)
  assert.equal(await next, 1)
})
