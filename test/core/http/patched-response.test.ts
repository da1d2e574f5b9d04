import assert from 'node:assert/strict'
import { ServerResponse } from 'node:http'
import t from 'tap'

const kept: Buffer[] = []
const write: unknown = Reflect.get(ServerResponse.prototype, 'write')
assert.ok(typeof write === 'function')
Object.assign(ServerResponse.prototype, {
  write(this: ServerResponse, ...words: unknown[]): unknown {
    const [chunk] = words
    if (Buffer.isBuffer(chunk)) kept.push(chunk)
    return Reflect.apply(write, this, words)
  },
})

// What watches an application is loaded before it, and before the gateway.
const { ask, check, serve, SIZE } = await import('../letters.js')

void t.test(
  'RES-4 bytes stay as they are when all responses were patched before, and chunks are kept',
  async (t) => {
    const port = await serve(t)
    assert.equal(await check('xy', await ask(port, 'xy')), 2 * SIZE)
    assert.equal(await check('xy', kept), 2 * SIZE)
  },
)
