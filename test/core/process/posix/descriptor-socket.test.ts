import {
  createSpawner,
  openDescriptorSocket,
  openProcessPipes,
} from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { closeSync, openSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { needs } from '../../../cli/program.js'
import { descriptorsOf, until } from '../../../support/processes.js'
import { toReadable } from '../../output-streams.js'

/** Receives messages until the end, and writes to the last descriptor of each what it got. */
const RECEIVER = `
import os, socket
control = socket.socket(fileno=0)
while True:
    message, descriptors, _, _ = socket.recv_fds(control, 200000, 8)
    if not message:
        break
    os.write(descriptors[-1], b'%d %d %s;' % (len(descriptors), len(message), message[:5]))
    for each in descriptors:
        os.close(each)
`
const spawner = createSpawner()

void t.test('WARM-2 messages and descriptors arrive', needs('/usr/bin/python3'), async () => {
  const before = descriptorsOf(process.pid).length
  const socket = openDescriptorSocket()
  const receiver = await spawner.spawn({
    command: ['/usr/bin/python3', '-c', RECEIVER],
    cwd: '/',
    environment: { PATH: process.env['PATH'] ?? '' },
    stdin: socket.peer,
  })
  void text(toReadable(receiver.stderr))
  void text(toReadable(receiver.stdout))
  socket.closePeer()
  const pipes = openProcessPipes({ stdin: 'null' })
  const [, stdout, stderr] = pipes.inherited
  assert.equal(socket.send('a\xe9\0b', [...pipes.inherited.slice(0, 1), stderr, stdout]), true)
  assert.equal(socket.send('x'.repeat(100_000), [stderr, stdout]), true)
  assert.equal(socket.send('two', [stdout]), true)
  socket.close()
  assert.deepEqual(await receiver.exit, { exitCode: 0, signal: null })
  const script = pipes.adopt(receiver.pid, receiver.exit)
  void text(toReadable(script.stderr))
  const expected = '3 4 a\ufffd\0b;2 100000 xxxxx;1 3 two;'
  assert.equal(await text(toReadable(script.stdout)), expected)
  await until(() => descriptorsOf(process.pid).length <= before, 'all are closed')
})

void t.test('WARM-6 send() never blocks, and tells whether it was sent', async () => {
  const socket = openDescriptorSocket()
  const descriptor = openSync('/dev/null', 'r')
  let sent = 0
  while (sent < 1000 && socket.send('x'.repeat(50_000), [descriptor])) sent += 1
  assert.ok(sent > 0 && sent < 1000, `${sent} messages fit`)
  assert.equal(socket.send('x'.repeat(50_000_000), [descriptor]), false)
  socket.closePeer()
  // No SIGPIPE.
  assert.equal(socket.send('x', [descriptor]), false)
  socket.close()
  assert.equal(socket.send('x', [descriptor]), false)
  socket.close()
  closeSync(descriptor)
})
