import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { assertWhole, startLoad } from './load.js'
import { startPhpFpm } from './programs.js'

const NO_HANG = { timeout: 180_000 }

const METHODS = ['GET', 'POST'] as const

void t.test('php-fpm under load', needs('php-fpm'), async (t) => {
  for (const keepAlive of [false, true]) {
    const kept = keepAlive ? 'kept connections' : 'a connection each'
    void t.test(`UP-5 children that end after 7 requests, ${kept}`, NO_HANG, async (t) => {
      const { address } = await startPhpFpm(t, { maxRequests: 7 })
      const load = await startLoad(t, fastcgi({ address, keepAlive, maxConnections: 4 }))
      for (const method of METHODS) {
        assertWhole(await load.run(method, { requests: 120 }), method)
      }
    })

    void t.test(`UP-5 two reloads, ${kept}`, NO_HANG, async (t) => {
      const { address, pid } = await startPhpFpm(t)
      const load = await startLoad(t, fastcgi({ address, keepAlive, maxConnections: 4 }))
      const reload = (): unknown => process.kill(pid(), 'SIGUSR2')
      for (const method of METHODS) {
        const events = { 50: reload, 120: reload }
        assertWhole(await load.run(method, { requests: 200, events }), method)
        await delay(500)
      }
    })
  }

  for (const listening of ['unix', 'tcp'] as const) {
    void t.test(`UP-7 one of two is stopped gracefully, ${listening}`, NO_HANG, async (t) => {
      const [one, other] = [
        await startPhpFpm(t, { listening }),
        await startPhpFpm(t, { listening }),
      ]
      const address = [one.address, other.address]
      const options = { address, maxConnections: 4, retry: 'safe' } as const
      const load = await startLoad(t, fastcgi(options))
      for (const method of METHODS) {
        const pid = one.pid()
        const events = { 70: () => process.kill(pid, 'SIGQUIT') }
        const tally = await load.run(method, { requests: 200, events })
        // By TCP, what lies in the backlog when it is closed cannot be distinguished from what has begun.
        const most = method === 'POST' && listening === 'tcp' ? 4 : 0
        assert.ok(tally.lost <= most, `${method}: ${JSON.stringify([...tally.statuses])}`)
        assert.deepEqual([tally.twice, tally.forged], [0, 0])
        await one.restart()
      }
    })
  }

  void t.test('UP-7 one of two is killed: at most its requests are lost', NO_HANG, async (t) => {
    const [one, other] = [await startPhpFpm(t), await startPhpFpm(t)]
    const address = [one.address, other.address]
    const load = await startLoad(t, fastcgi({ address, maxConnections: 4 }))
    for (const method of METHODS) {
      const tally = await load.run(method, { requests: 200, events: { 70: () => one.kill() } })
      assert.ok(tally.lost <= 4, `${method}: ${JSON.stringify([...tally.statuses])}`)
      assert.deepEqual([tally.twice, tally.forged], [0, 0])
      await one.restart()
    }
  })

  void t.test('UP-7 the one there is is started again', NO_HANG, async (t) => {
    const php = await startPhpFpm(t)
    const load = await startLoad(t, fastcgi({ address: php.address, maxConnections: 4 }))
    assertWhole(await load.run('POST', { requests: 50 }), 'before')
    const during = load.run('POST', { requests: 100, events: { 20: () => php.restart() } })
    assert.equal((await during).twice, 0)
    const start = performance.now()
    while ((await load.run('GET', { requests: 1 })).lost > 0) {
      assert.ok(performance.now() - start < 10_000)
      await delay(50)
    }
    assertWhole(await load.run('POST', { requests: 50 }), 'after')
  })

  void t.test(
    'UP-6 20 at once on one child with a backlog of 2: all are answered',
    NO_HANG,
    async (t) => {
      for (const listening of ['unix', 'tcp'] as const) {
        const { address } = await startPhpFpm(t, { listening, children: 1, backlog: 2 })
        for (const options of [{ address }, { address, maxConnections: 1 }]) {
          const load = await startLoad(t, fastcgi(options))
          for (const method of METHODS) {
            const tally = await load.run(method, { requests: 100, clients: 20 })
            assertWhole(tally, `${method}, ${listening}`)
          }
        }
      }
    },
  )
})
