import assert from 'node:assert/strict'
import { RequestIds } from '@internal/fastcgi/protocol/request-ids.js'
import t from 'tap'

void t.test('UP-2 the ids of a connection that is used again alternate', async () => {
  const ids = new RequestIds(true)
  assert.equal(ids.next(), 2)
  assert.deepEqual(
    [2, 1, 3].map((id) => ids.ownerOf(id)),
    ['this', 'unknown', 'unknown'],
  )
  assert.equal(ids.next(), 1)
  assert.deepEqual(
    [1, 2, 3].map((id) => ids.ownerOf(id)),
    ['this', 'previous', 'unknown'],
  )
  assert.equal(ids.next(), 2)
  assert.deepEqual(
    [1, 2, 3].map((id) => ids.ownerOf(id)),
    ['previous', 'this', 'unknown'],
  )
})

void t.test('UP-2 an application that does not return ids gets 1', async () => {
  const ids = new RequestIds(true)
  assert.equal(ids.next(), 2)
  assert.deepEqual(
    [1, 2].map((id) => ids.ownerOf(id)),
    ['this', 'unknown'],
  )
  for (let request = 2; request <= 3; request += 1) {
    assert.equal(ids.next(), 1)
    assert.deepEqual(
      [1, 2].map((id) => ids.ownerOf(id)),
      ['this', 'unknown'],
    )
  }
})

void t.test('UP-2 a connection for one request has the id that every server sends', async () => {
  const ids = new RequestIds(false)
  assert.equal(ids.next(), 1)
  assert.deepEqual(
    [1, 2].map((id) => ids.ownerOf(id)),
    ['this', 'unknown'],
  )
})
