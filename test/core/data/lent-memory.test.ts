import assert from 'node:assert/strict'
import t from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { needs } from '../../apps/programs.js'
import { isAsWritten, lend, type Lending, SIZE } from '../lending.js'

const CLIENTS = [
  'abcdefghijkl',
  'mnopqrstuvwx',
  'ABCDEFGHIJKL',
  'MNOPQRSTUVWX',
  '0123456789',
  'yzYZ',
]

/** Asks for two answers, and leaves in the middle of one in four; every second stops reading for a while. */
async function visit(lending: Lending, letters: string, index: number): Promise<void> {
  for (const round of [0, 1]) {
    const response = await lending.ask(letters, index < 3 ? 'told' : 'untold')
    const isLeaving = (index + round) % 4 === 3
    let offset = 0
    let pausesAt = 0
    for await (const chunk of response as AsyncIterable<Buffer>) {
      assert.ok(isAsWritten(letters, offset, chunk), `other bytes after ${offset} of ${letters}`)
      offset += chunk.length
      // Until all between it and the script is full: then chunks wait to be written.
      if (index % 2 === 0 && offset > pausesAt) {
        await delay(200)
        pausesAt += SIZE / 3
      }
      // The connection ends with the loop.
      if (isLeaving && offset > SIZE / 3) break
    }
    if (!isLeaving) assert.equal(offset, SIZE)
  }
}

void t.test('memory that is lent', needs('python3'), async (t) => {
  void t.test(
    'RES-4 clients receive their own bytes, whole and in order, in memory that is used again',
    {
      timeout: 120_000,
    },
    async (t) => {
      const lending = await lend(t)
      await Promise.all(CLIENTS.map((letters, index) => visit(lending, letters, index)))
      const { lent, pieces } = lending.counts()
      // Else this would show nothing.
      assert.ok(
        pieces > 0 && lent > 2 * pieces,
        `memory was lent ${lent} times, in ${pieces} pieces`,
      )
    },
  )
})
