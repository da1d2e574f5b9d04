import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { connect } from '@internal/fastcgi/connection/connect.js'
import type { Connection } from '@internal/fastcgi/connection/connection.js'
import { IdleConnections } from '@internal/fastcgi/upstream/idle-connections.js'
import { until } from '../../support/processes.js'
import { ScriptedUpstream } from '../scripted-upstream.js'

async function open(t: Test, count: number): Promise<[ScriptedUpstream, Connection[]]> {
  const upstream = new ScriptedUpstream({}, { port: 0, host: '127.0.0.1' }, 'fastcgi')
  await upstream.start()
  const [host = '', port] = upstream.address.split(':')
  const connections: Connection[] = []
  for (let index = 0; index < count; index += 1) {
    connections.push(await connect({ host, port: Number(port) }, { timeout: 5_000 }))
  }
  t.teardown(async () => {
    for (const connection of connections) connection.destroy()
    await upstream.stop()
  })
  await until(() => upstream.connections.length === count, 'all are accepted')
  return [upstream, connections]
}

void t.test('UP-6 the connection that was used last is used next', async (t) => {
  const [, [first, second]] = await open(t, 2)
  assert.ok(first !== undefined && second !== undefined)
  const idle = new IdleConnections(0)
  for (const connection of [first, second, first]) {
    idle.add(connection)
    if (connection === second) assert.equal(idle.take(), second)
  }
  idle.add(second)
  assert.equal(idle.size, 2)
  idle.closeOne()
  assert.deepEqual([first.isOpen, second.isOpen], [false, true])
  assert.equal(idle.take(), second)
  assert.equal(idle.take(), undefined)
})

void t.test(
  'UP-6 an idle connection is closed after its time, and is none when the application closes it',
  async (t) => {
    const [upstream, [first, second]] = await open(t, 2)
    assert.ok(first !== undefined && second !== undefined)
    const short = new IdleConnections(20)
    short.add(first)
    await until(() => short.size === 0, 'its time is over')
    assert.equal(first.isOpen, false)

    const long = new IdleConnections(0)
    long.add(second)
    await delay(50)
    assert.equal(long.size, 1)
    // A connection that no request uses is read from when it is released.
    second.release()
    for (const { socket } of upstream.open) socket.end()
    await until(() => long.size === 0, 'it has been closed')
    assert.equal(long.take(), undefined)
  },
)
