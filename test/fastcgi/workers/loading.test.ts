import assert from 'node:assert/strict'
import { fastcgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { nodeHttp } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { until } from '../../support/processes.js'
import { APPLICATION } from './pools.js'

void t.test('UP-8 a client that leaves does not end a worker that is being loaded', async (t) => {
  const spawn = ['/bin/sh', '-c', 'sleep 1; exec "$@"', 'sh', ...APPLICATION]
  const script = fastcgi({ spawn, processes: 1 })
  const gateway = await nodeHttp.start({ mount: '/', options: { script, killTimeout: 20_000 } })
  t.after(() => gateway.close())
  const pid = (): number | undefined => gateway.stats().upstreams?.[0]?.pid

  const controller = new AbortController()
  const left = send(gateway, '/', { signal: controller.signal }).catch(() => null)
  await until(() => pid() !== undefined, 'the worker has been started')
  const started = pid()
  controller.abort()
  await left
  assert.equal((await send(gateway, '/')).text, String(started))
})
