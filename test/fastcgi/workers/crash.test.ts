import assert from 'node:assert/strict'
import { fastcgi } from '@common-gateway/fastcgi'
import t from 'tap'
import { nodeHttp } from '../../support/adapters.js'
import { send } from '../../support/client.js'
import { APPLICATION } from './pools.js'

void t.test('UP-8 requests that end their worker do not delay the next one', async (t) => {
  const script = fastcgi({ spawn: APPLICATION, processes: 2 })
  const gateway = await nodeHttp.start({ mount: '/', options: { script } })
  t.after(() => gateway.close())
  const pids = new Set<unknown>()
  for (let count = 0; count < 8; count += 1) {
    assert.equal((await send(gateway, `/?${count % 2 === 0 ? 'crash' : 'exit'}`)).status, 502)
  }
  for (let count = 0; count < 3; count += 1) {
    const { status, text } = await send(gateway, '/')
    assert.equal(status, 200)
    pids.add(text)
  }
  assert.equal(pids.size, 1)
})
