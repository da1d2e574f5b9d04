import assert from 'node:assert/strict'
import t from 'tap'
import { askProcessCount } from '@internal/fastcgi/upstream/process-count.js'
import { ScriptedUpstream } from '../scripted-upstream.js'

async function ask(values: Readonly<Record<string, string>>): Promise<number | undefined> {
  const upstream = new ScriptedUpstream({ values }, { port: 0, host: '127.0.0.1' }, 'fastcgi')
  await upstream.start()
  try {
    const [host = '', port] = upstream.address.split(':')
    return await askProcessCount({ host, port: Number(port) }, 1000)
  } finally {
    await upstream.stop()
  }
}

void t.test('UP-6 the number of processes is the least that the application says', async () => {
  assert.equal(await ask({ FCGI_MAX_CONNS: '4', FCGI_MAX_REQS: '50', FCGI_MPXS_CONNS: '0' }), 4)
  assert.equal(await ask({ FCGI_MAX_REQS: '3' }), 3)
})

void t.test('UP-6 an application that does not say a number has none', async () => {
  assert.equal(await ask({ FCGI_MPXS_CONNS: '0' }), undefined)
  assert.equal(await ask({ FCGI_MAX_CONNS: '0', FCGI_MAX_REQS: 'many' }), undefined)
  assert.equal(await askProcessCount({ path: '/no/such/socket' }, 1000), undefined)
})
