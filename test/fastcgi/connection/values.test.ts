import assert from 'node:assert/strict'
import t from 'tap'
import { askValues } from '@internal/fastcgi/connection/values.js'
import { ScriptedUpstream, type Connection } from '../scripted-upstream.js'
import { record, TYPE } from '../records.js'
import { start } from './requests.js'

const NAMES = ['FCGI_MAX_CONNS', 'FCGI_MPXS_CONNS']

void t.test('UP-6 the values of an application are asked for', async (t) => {
  const { upstream, address } = await start(t, () => {})
  upstream.behaviour = { values: { FCGI_MAX_CONNS: '4', FCGI_MPXS_CONNS: '0' } }
  const values = await askValues(address, NAMES, { timeout: 5_000 })
  assert.deepEqual(
    [...values],
    [
      ['FCGI_MAX_CONNS', '4'],
      ['FCGI_MPXS_CONNS', '0'],
    ],
  )
  assert.deepEqual(upstream.asked, NAMES)
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-6 an application that does not know the question has no values', async (t) => {
  for (const accept of [
    () => {},
    (connection: Connection) => connection.socket.end(),
    (connection: Connection) => connection.write(record(TYPE.UNKNOWN_TYPE, 'x', { id: 0 })),
    (connection: Connection) => connection.write(Buffer.from('HTTP/1.1 400\r\n\r\n')),
  ]) {
    const upstream = await new ScriptedUpstream({ accept }).start()
    t.after(() => upstream.stop())
    const address = { host: '127.0.0.1', port: Number(upstream.address.split(':')[1]) }
    assert.equal((await askValues(address, NAMES, { timeout: 100 })).size, 0)
  }
})

void t.test('UP-6 an application that cannot be reached cannot be asked', async (t) => {
  const { upstream, address } = await start(t, () => {})
  await upstream.stop()
  await assert.rejects(askValues(address, NAMES, { timeout: 100 }), { code: 'ECONNREFUSED' })
})
