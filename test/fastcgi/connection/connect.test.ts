import assert from 'node:assert/strict'
import path from 'node:path'
import t from 'tap'
import { connect } from '@internal/fastcgi/connection/connect.js'
import { createTemporaryFolder } from '../../core/temporary-folder.js'
import { startSilentListener } from '../silent-listener.js'
import { open, start } from './requests.js'

const OPTIONS = { timeout: 5_000 }

void t.test('UP-7 the error of a failed connection has the code of the system', async (t) => {
  const folder = createTemporaryFolder(t)
  const missing = { path: path.join(folder, 'none') }
  await assert.rejects(connect(missing, OPTIONS), { code: 'ENOENT' })
  const { upstream, address } = await start(t, () => {})
  await upstream.stop()
  await assert.rejects(connect(address, OPTIONS), { code: 'ECONNREFUSED' })
  await assert.rejects(connect({ path: path.join(folder, 'x'.repeat(120)) }, OPTIONS))
})

void t.test('UP-7 a full backlog of a Unix socket is EAGAIN', async (t) => {
  const listener = await startSilentListener(path.join(createTemporaryFolder(t), 'socket'))
  t.after(() => listener.close())
  await assert.rejects(connect({ path: listener.address }, OPTIONS), { code: 'EAGAIN' })
})

void t.test('UP-7 the time-out and the end of the request end an attempt', async (t) => {
  const listener = await startSilentListener()
  t.after(() => listener.close())
  const [host = '', port] = listener.address.split(':')
  const address = { host, port: Number(port) }
  await assert.rejects(connect(address, { timeout: 50 }), { code: 'ETIMEDOUT' })
  const controller = new AbortController()
  const { signal } = controller
  const attempt = connect(address, { ...OPTIONS, signal })
  setImmediate(() => controller.abort())
  await assert.rejects(attempt, { code: 'ABORT_ERR' })
  await assert.rejects(connect(address, { timeout: 0, signal }), { code: 'ABORT_ERR' })
})

void t.test('UP-7 a host may be a name', async (t) => {
  const { address } = await start(t, () => {})
  assert.ok('port' in address)
  const connection = await open(t, { host: 'localhost', port: address.port })
  assert.equal(connection.isOpen, true)
})

void t.test('UP-7 a connection made while the event loop was blocked is in time', async (t) => {
  const { address } = await start(t, () => {})
  const attempt = connect(address, { timeout: 50 })
  // The attempt has begun then.
  await new Promise(setImmediate)
  const end = performance.now() + 200
  while (performance.now() < end);
  const connection = await attempt
  t.after(() => connection.destroy())
  assert.equal(connection.isOpen, true)
})
