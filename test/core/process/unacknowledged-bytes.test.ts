import {
  countsAcknowledged,
  unacknowledgedBytes,
} from '@internal/core/process/unacknowledged-bytes.js'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type NetConnectOpts, type Socket } from 'node:net'
import path from 'node:path'
import t, { type Test } from 'tap'
import { until } from '../../support/processes.js'
import { createTemporaryFolder } from '../temporary-folder.js'

/** Two ends of a connection; nothing is read at the second one before it is resumed. */
async function connectBoth(
  t: Test,
  listening: { path: string } | { port: 0 },
): Promise<[Socket, Socket]> {
  const server = createServer({ pauseOnConnect: true })
  server.listen({ host: '127.0.0.1', ...listening })
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const target: NetConnectOpts =
    'path' in listening ? listening : { port: (server.address() as AddressInfo).port }
  const accepted = once(server, 'connection')
  const near = connect(target)
  await once(near, 'connect')
  // `net.Server` emits it with a socket.
  const [far] = (await accepted) as [Socket]
  t.after(() => {
    server.close()
    near.destroy()
    far.destroy()
  })
  return [near, far]
}

const LINUX = { skip: process.platform === 'linux' ? (false as const) : 'needs Linux' }

void t.test('UP-5 the bytes that the process at a Unix socket has not read', LINUX, async (t) => {
  const [near, far] = await connectBoth(t, { path: path.join(createTemporaryFolder(t), 'socket') })
  assert.equal(countsAcknowledged(), true)
  assert.equal(unacknowledgedBytes(near), 0)
  near.write('content')
  assert.ok((unacknowledgedBytes(near) ?? 0) >= 'content'.length)
  far.resume()
  await until(() => unacknowledgedBytes(near) === 0, 'it is read')
})

void t.test('UP-5 the bytes that a peer by TCP has not acknowledged', async (t) => {
  const [near, far] = await connectBoth(t, { port: 0 })
  near.write('content')
  await until(() => unacknowledgedBytes(near) === 0, 'it is acknowledged, though not read')
  const size = 8 * 1024 ** 2
  near.write(Buffer.alloc(size))
  assert.ok((unacknowledgedBytes(near) ?? 0) > 0)
  far.resume()
  await until(() => unacknowledgedBytes(near) === 0, 'it is acknowledged')
})

void t.test('UP-5 a connection that is closed has no such number', async (t) => {
  const [near] = await connectBoth(t, { port: 0 })
  near.destroy()
  assert.equal(unacknowledgedBytes(near), undefined)
})
