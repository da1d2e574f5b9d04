import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { fastcgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { nodeHttp } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { until } from '../../support/processes.js'
import { APPLICATION } from './pools.js'

void t.test('UP-8 a client that leaves does not end a worker that is being loaded', async (t) => {
  const loaded = path.join(createTemporaryFolder(t), 'loaded')
  const load = `until [ -e '${loaded}' ]; do sleep 0.05; done; exec "$@"`
  const spawn = ['/bin/sh', '-c', load, 'sh', ...APPLICATION]
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
  const next = send(gateway, '/')
  await until(() => gateway.stats().queued === 1, 'the next request waits')
  writeFileSync(loaded, '')
  assert.equal((await next).text, String(started))
})
