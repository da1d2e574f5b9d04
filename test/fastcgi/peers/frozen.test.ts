import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { fastcgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { needs } from '../../apps/programs.js'
import { startLoad } from './load.js'
import { startPhpFpm } from './programs.js'

const CLIENTS = 4

void t.test(
  'UP-7 one of two php-fpm is frozen: it is taken out, and is used again when it goes on',
  { ...needs('php-fpm'), timeout: 120_000 },
  async (t) => {
    const [one, other] = [await startPhpFpm(t), await startPhpFpm(t)]
    const address = [one.address, other.address]
    const php = fastcgi({ address, maxConnections: 4, connectTimeout: 500 })
    const load = await startLoad(t, php, { headersTimeout: 2_000 })
    await load.run('GET', { requests: 20, clients: CLIENTS })
    // The group of the master has all of its children.
    const group = -one.pid()
    process.kill(group, 'SIGSTOP')
    try {
      const frozen = await load.run('GET', { requests: 60, clients: CLIENTS })
      // Those that were sent before two have failed. A probe is not read, and goes to the other one.
      assert.ok(frozen.lost >= 2 && frozen.lost <= CLIENTS, `${frozen.lost} of 60 are lost`)
      const [stats] = load.gateway.stats().upstreams ?? []
      assert.equal(stats?.state, 'down')
      assert.ok(stats.failures >= 2)
    } finally {
      process.kill(group, 'SIGCONT')
    }
    const isUp = (): boolean => load.gateway.stats().upstreams?.[0]?.state === 'up'
    for (let tries = 0; tries < 1_000 && !isUp(); tries += 1) {
      await load.run('GET', { requests: 2 })
      await delay(20)
    }
    assert.ok(isUp())
    const after = await load.run('POST', { requests: 40, clients: CLIENTS })
    assert.deepEqual([after.lost, after.twice], [0, 0])
  },
)
