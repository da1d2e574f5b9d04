import assert from 'node:assert/strict'
import { OutgoingMessage } from 'node:http'
import t from 'tap'
import { needs } from '../../apps/programs.js'

/** What is written to all responses, as an agent keeps it that was loaded first (`node --import`). */
let kept: Buffer[] | undefined
const write: unknown = Reflect.get(OutgoingMessage.prototype, 'write')
assert.ok(typeof write === 'function')
Object.assign(OutgoingMessage.prototype, {
  write(this: OutgoingMessage, ...words: unknown[]): unknown {
    const [chunk] = words
    if (Buffer.isBuffer(chunk)) kept?.push(chunk)
    return Reflect.apply(write, this, words)
  },
})

// The gateway takes the method of the prototype for Node's own.
const { lend, SIZE } = await import('../lending.js')

void t.test('memory that is lent', needs('python3'), async (t) => {
  void t.test(
    'RES-4 chunks that an agent has kept of one client’s answer never hold another’s bytes',
    {
      timeout: 120_000,
    },
    async (t) => {
      const lending = await lend(t)
      kept = []
      const own = kept
      await (await lending.ask('a', 'untold')).toArray()
      kept = undefined
      for (const letter of ['b', 'c', 'd']) await (await lending.ask(letter, 'untold')).toArray()
      const { lent, pieces } = lending.counts()
      // Else this would show nothing.
      assert.ok(
        pieces > 0 && lent > 2 * pieces,
        `memory was lent ${lent} times, in ${pieces} pieces`,
      )
      const size = own.reduce((sum, chunk) => sum + chunk.length, 0)
      assert.equal(size, SIZE)
      for (const chunk of own) assert.ok(chunk.equals(Buffer.alloc(chunk.length, 'a')))
    },
  )
})
