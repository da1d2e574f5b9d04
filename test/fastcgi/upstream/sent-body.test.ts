import assert from 'node:assert/strict'
import { ownChunk } from '@internal/core/data/chunk-memory.js'
import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import type { RequestInput } from '@internal/fastcgi/connection/request-input.js'
import { MOST_KEPT, SentBody } from '@internal/fastcgi/upstream/sent-body.js'

/** The standard input of one connection; a slow one has taken a chunk when `drain()` is called. */
class Target implements RequestInput {
  text = ''
  hasEnded = false
  readonly #isSlow: boolean
  #waiting: (() => void) | undefined

  constructor({ isSlow = false } = {}) {
    this.#isSlow = isSlow
  }

  write(chunk: Buffer, callback: () => void): void {
    this.text += chunk.toString('latin1')
    if (this.#isSlow) this.#waiting = callback
    else process.nextTick(callback)
  }

  end(): void {
    this.hasEnded = true
  }

  drain(): void {
    this.#waiting?.()
  }
}

void t.test('UP-5 the beginning of a body is sent again on the next connection', async () => {
  const body = new SentBody()
  const [first, second] = [new Target(), new Target()]
  body.writeTo(first)
  body.write('one ')
  body.detach()
  body.write('two ')
  body.end('three')
  await turn()
  assert.deepEqual([first.text, first.hasEnded], ['one ', false])
  body.writeTo(second)
  await turn()
  assert.deepEqual([second.text, second.hasEnded], ['one two three', true])
  assert.equal(body.isWhole, true)
})

void t.test('UP-5 a body that has ended is sent again with its end', async () => {
  const body = new SentBody()
  const [first, second] = [new Target(), new Target()]
  body.writeTo(first)
  body.end('all')
  await turn()
  assert.deepEqual([first.text, first.hasEnded], ['all', true])
  body.detach()
  body.writeTo(second)
  await turn()
  assert.deepEqual([second.text, second.hasEnded], ['all', true])
})

void t.test(
  'UP-5 no more than 64 KB of a body are kept, and nothing once the answer has begun',
  async () => {
    const long = new SentBody()
    long.writeTo(new Target())
    long.write(Buffer.alloc(MOST_KEPT))
    assert.equal(long.isWhole, true)
    long.write('x')
    await turn()
    assert.equal(long.isWhole, false)

    const answered = new SentBody()
    answered.writeTo(new Target())
    answered.write('x')
    answered.forget()
    assert.equal(answered.isWhole, false)
  },
)

void t.test('UP-2 a body goes as fast as its connection takes it', async () => {
  const body = new SentBody()
  const target = new Target({ isSlow: true })
  body.writeTo(target)
  let written = 0
  for (let chunk = 0; chunk < 3; chunk += 1) body.write('12345', () => (written += 1))
  await turn()
  assert.equal(written, 0)
  target.drain()
  await turn()
  await turn()
  assert.ok(written >= 1)
  assert.ok(target.text.length <= 10)
})

void t.test('UP-2 what is written after the answer is discarded, and never fails', async () => {
  const body = new SentBody()
  body.writeTo(new Target({ isSlow: true }))
  body.write('stuck')
  body.discard()
  const isDone = new Promise((resolve) => body.end(Buffer.alloc(1 << 20), () => resolve(true)))
  assert.equal(await isDone, true)
})

void t.test('UP-5 no chunk is freed that is kept to be sent again', async () => {
  const body = new SentBody()
  const target = new Target({ isSlow: true })
  body.writeTo(target)
  const kept = Buffer.allocUnsafeSlow(MOST_KEPT)
  const last = Buffer.allocUnsafeSlow(MOST_KEPT)
  for (const chunk of [kept, last]) ownChunk(chunk)
  body.write(kept)
  target.drain()
  await turn()
  body.write(last)
  await turn()
  assert.deepEqual([kept.length, last.length], [MOST_KEPT, MOST_KEPT])
  target.drain()
  await turn()
  assert.deepEqual([kept.length, last.length], [MOST_KEPT, 0])
})
