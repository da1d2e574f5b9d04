import assert from 'node:assert/strict'
import t from 'tap'
import { nextTurn } from '../scripted-upstream.js'
import { digest, pattern } from './content.js'
import { open, read, send, start, text } from './requests.js'

void t.test('UP-1 a paused output stops the application, and keeps its end', async (t) => {
  const size = 6_000_000
  const body = pattern(size)
  const { upstream, address } = await start(t, (call) => call.answer(body))
  const connection = await open(t, address)
  const exchange = send(connection)
  const chunks: Buffer[] = []
  const whole = new Promise<void>((resolve, reject) => {
    exchange.stdout.readBy({
      data(chunk) {
        chunks.push(chunk)
        exchange.stdout.pause()
        setImmediate(() => exchange.stdout.resume())
      },
      end: resolve,
      error: reject,
    })
  })
  const call = await upstream.call()
  for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  assert.equal(chunks.length, 0)
  // The rest is in the buffers of the system.
  assert.ok(call.connection.socket.writableLength > 1_000_000)
  exchange.stdout.resume()
  await whole
  assert.equal(digest(Buffer.concat(chunks).subarray(-size)), digest(body))
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: true })

  upstream.behaviour = { answer: (each) => each.answer('short') }
  const short = send(connection)
  assert.equal((await short.end).type, 'complete')
  assert.match(await text(short.stdout), /short$/)
})

void t.test('UP-1 a reader may pause, resume and destroy within its callbacks', async (t) => {
  const { address } = await start(t, async (call) => {
    for (const part of ['a', 'b', 'c']) {
      call.stdout(part)
      await nextTurn()
      call.stderr('x')
      await nextTurn()
    }
    call.end()
  })
  const connection = await open(t, address)
  const seen: string[] = []
  const first = send(connection)
  const ended = new Promise<void>((resolve) => {
    first.stdout.readBy({
      data(chunk) {
        first.stdout.pause()
        first.stdout.resume()
        seen.push(chunk.toString())
      },
      end: resolve,
      error: (error) => assert.fail(error),
    })
  })
  first.stdout.resume()
  first.stderr.destroy()
  await ended
  assert.equal(seen.join(''), 'abc')
  assert.deepEqual(await first.end, { type: 'complete', appStatus: 0, isReusable: true })

  const second = send(connection)
  second.stdout.readBy({
    data: () => second.stdout.destroy(),
    end: () => assert.fail('destroyed'),
    error: (error) => assert.fail(error),
  })
  second.stdout.resume()
  assert.equal(await text(second.stderr), 'xxx')
  assert.deepEqual(await second.end, { type: 'complete', appStatus: 0, isReusable: true })
})

void t.test('UP-1 large answers on several connections do not share memory', async (t) => {
  const size = 2_000_000
  const { address } = await start(t, (call) => {
    call.answer(pattern(size, Number(call.variables['REMOTE_PORT'])))
  })
  const answers = [1, 2, 3].map(async (seed) => {
    const exchange = send(await open(t, address), { environment: { REMOTE_PORT: String(seed) } })
    const body = (await read(exchange.stdout)).subarray(-size)
    assert.equal(digest(body), digest(pattern(size, seed)))
  })
  await Promise.all(answers)
})
