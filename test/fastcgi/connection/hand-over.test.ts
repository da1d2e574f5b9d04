import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { until } from '../../support/processes.js'
import { startUnreadListener } from '../unread-listener.js'
import { open, send } from './requests.js'

/** Linux reports what a peer has not taken. Elsewhere nothing is held back for longer than a turn. */
const LINUX = { skip: process.platform === 'linux' ? (false as const) : 'needs Linux' }

/** The empty records that end PARAMS and STDIN. */
const PARAMS_END = Buffer.from([1, 4, 0, 1, 0, 0, 0, 0])
const STDIN_END = Buffer.from([1, 5, 0, 1, 0, 0, 0, 0])

const NO_LIMIT = { timeout: 0 }

void t.test(
  'UP-5 an application gets the end of the variables when it has read the others',
  LINUX,
  async (t) => {
    const ends = {
      fastcgi: Buffer.concat([PARAMS_END, STDIN_END]),
      scgi: Buffer.from('\0,'),
    }
    for (const protocol of ['fastcgi', 'scgi'] as const) {
      const listener = await startUnreadListener(t, 'unix')
      const exchange = send(await open(t, listener.target), {
        protocol,
        keepConnection: false,
        isHeldBack: true,
      })
      const handedOver = exchange.handOver(NO_LIMIT)
      await delay(50)
      assert.deepEqual([exchange.isHeldBack, exchange.isSent], [true, false])
      listener.read()
      await handedOver
      assert.deepEqual([exchange.isHeldBack, exchange.isSent], [false, true])
      const end = ends[protocol]
      await until(() => listener.received().subarray(-end.length).equals(end), 'the end has come')
    }
  },
)

void t.test('UP-5 a body follows the end of the variables', LINUX, async (t) => {
  const listener = await startUnreadListener(t, 'unix')
  const exchange = send(await open(t, listener.target), {
    body: 4,
    keepConnection: false,
    isHeldBack: true,
  })
  const handedOver = exchange.handOver(NO_LIMIT)
  await until(() => listener.sockets.length === 1, 'it is connected')
  listener.read()
  await handedOver
  exchange.stdin?.write(Buffer.from('body'), () => {})
  exchange.stdin?.end()
  const end = Buffer.concat([
    PARAMS_END,
    Buffer.from([1, 5, 0, 1, 0, 4, 0, 0]),
    Buffer.from('body'),
    STDIN_END,
  ])
  await until(() => listener.received().subarray(-end.length).equals(end), 'the body has come')
})

void t.test('UP-5 by TCP the end of the variables follows the acknowledgement', async (t) => {
  const listener = await startUnreadListener(t, 'tcp')
  const exchange = send(await open(t, listener.target), { isHeldBack: true })
  await exchange.handOver({ timeout: 10_000 })
  assert.equal(exchange.isHeldBack, false)
})

void t.test(
  'UP-5 a connection that is lost with unread variables has not begun a request',
  LINUX,
  async (t) => {
    const listener = await startUnreadListener(t, 'unix')
    const exchange = send(await open(t, listener.target), { isHeldBack: true })
    const handedOver = exchange.handOver(NO_LIMIT)
    await until(() => listener.sockets.length === 1, 'it is connected')
    listener.close()
    await assert.rejects(handedOver, /ECONNRESET|EPIPE/)
    assert.equal(exchange.isSent, false)
  },
)

void t.test(
  'UP-5 a wait for the application ends with its time, or with the request',
  LINUX,
  async (t) => {
    const listener = await startUnreadListener(t, 'unix')
    const late = send(await open(t, listener.target), { isHeldBack: true })
    await assert.rejects(late.handOver({ timeout: 30 }), { code: 'ETIMEDOUT' })
    const controller = new AbortController()
    const left = send(await open(t, listener.target), { isHeldBack: true })
    setTimeout(() => controller.abort(), 30)
    const { signal } = controller
    await assert.rejects(left.handOver({ timeout: 0, signal }), { code: 'ABORT_ERR' })
    const aborted = send(await open(t, listener.target), { isHeldBack: true })
    setTimeout(() => aborted.abort(), 30)
    await assert.rejects(aborted.handOver(NO_LIMIT), { code: 'ABORT_ERR' })
    await Promise.all([late.end, left.end, aborted.end])
    assert.deepEqual([late.isSent, left.isSent, aborted.isSent], [false, false, false])
  },
)

void t.test('UP-5 an application may reject a request that is not whole', LINUX, async (t) => {
  const listener = await startUnreadListener(t, 'unix')
  const exchange = send(await open(t, listener.target), { isHeldBack: true })
  const handedOver = exchange.handOver(NO_LIMIT)
  await until(() => listener.sockets.length === 1, 'it is connected')
  listener.sockets[0]?.write(Buffer.from([1, 3, 0, 1, 0, 8, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0]))
  await handedOver
  assert.deepEqual(await exchange.end, { type: 'rejected', protocolStatus: 2 })
})

void t.test('UP-5 what is not held back is sent at once', async (t) => {
  const listener = await startUnreadListener(t, 'tcp')
  const exchange = send(await open(t, listener.target))
  assert.deepEqual([exchange.isHeldBack, exchange.isSent], [false, true])
  await exchange.handOver(NO_LIMIT)
})
