import assert from 'node:assert/strict'
import t from 'tap'
import { endRecord, record, TYPE } from '../records.js'
import { type Call, nextTurn, type ScriptedUpstream } from '../scripted-upstream.js'
import { digest, listenings, pattern, pour, write } from './content.js'
import { open, read, send, start, text } from './requests.js'

void t.test('UP-2 requests follow each other on one connection', async (t) => {
  const { upstream, address } = await start(t, (call) => call.stderr('careful').answer(call.method))
  const connection = await open(t, address)
  for (let count = 1; count <= 3; count += 1) {
    const exchange = send(connection)
    assert.equal(exchange.stdin, null)
    assert.equal(exchange.isSent, true)
    assert.equal(exchange.hasAnswerBegun, false)
    const [output, errors, end] = await Promise.all([
      text(exchange.stdout),
      text(exchange.stderr),
      exchange.end,
    ])
    assert.equal(output, 'Content-Type: text/plain\n\nGET')
    assert.equal(errors, 'careful')
    assert.deepEqual(end, { type: 'complete', appStatus: 0, isReusable: true })
    assert.equal(exchange.hasAnswerBegun, true)
    assert.equal(connection.isOpen, true)
  }
  assert.equal(upstream.connections.length, 1)
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-2 a connection that is not kept is closed after the answer', async (t) => {
  const { upstream, address } = await start(t, (call) => call.stdout('all').end(7))
  const connection = await open(t, address)
  const exchange = send(connection, { keepConnection: false })
  assert.equal(await text(exchange.stdout), 'all')
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 7, isReusable: false })
  assert.equal(connection.isOpen, false)
  await upstream.connections[0]?.closed
})

/** The ids of the requests that an application has got. */
const idsOf = ({ calls }: ScriptedUpstream): number[] => calls.map(({ id }) => id)

void t.test('UP-2 what comes late is no part of the next answer', async (t) => {
  const { upstream, address } = await start(t, (call, { calls }) => {
    const before = calls.at(-2)
    // Behind the next request, so that the connection was not idle when it came.
    if (before !== undefined) before.stdout('late').stderr('late').raw(before.endBytes())
    call.stdout(`answer ${calls.length}`).end()
  })
  const connection = await open(t, address)
  for (const count of [1, 2, 3, 4]) {
    const exchange = send(connection)
    assert.equal(await text(exchange.stdout), `answer ${count}`)
    assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: true })
  }
  assert.deepEqual(idsOf(upstream), [2, 1, 2, 1])
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-2 an application that answers with id 1 gets it from then on', async (t) => {
  const { upstream, address } = await start(t, (call) => {
    call.raw(record(TYPE.STDOUT, 'all', { id: 1 })).raw(endRecord(0, 0, { id: 1 }))
    call.connection.answered()
  })
  const connection = await open(t, address)
  for (let count = 1; count <= 3; count += 1) {
    const exchange = send(connection)
    assert.equal(await text(exchange.stdout), 'all')
    assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: true })
  }
  assert.deepEqual(idsOf(upstream), [2, 1, 1])
})

void t.test('UP-2 a connection that is not kept has the id 1, and no other', async (t) => {
  const { upstream, address } = await start(t, (call) => {
    call.raw(record(TYPE.STDOUT, 'all', { id: 2 }))
  })
  const exchange = send(await open(t, address), { keepConnection: false })
  assert.deepEqual(await exchange.end, { type: 'fault', reason: 'request id 2' })
  assert.deepEqual(idsOf(upstream), [1])
})

void t.test('UP-1 bodies arrive, in chunks of any size', async (t) => {
  const { upstream, address } = await start(t, async (call) => {
    call.answer(digest(await call.body()))
  })
  for (const [size, chunk] of [
    [0, 1],
    [10, 1],
    [50_000, 4_096],
    [65_528, 65_528],
    [65_536, 65_536],
    [1_000_000, 65_529],
    [1_000_000, 1_000_000],
    [5_000_000, 65_536],
  ] as const) {
    const body = pattern(size)
    const exchange = send(await open(t, address), { body: size })
    const [output] = await Promise.all([text(exchange.stdout), pour(body, exchange.stdin, chunk)])
    assert.equal(output.split('\n').at(-1), digest(body), `${size} bytes in chunks of ${chunk}`)
    // Whether the application has read all of it is not known.
    assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  }
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-1 a body and an answer flow at the same time', async (t) => {
  const { upstream, address } = await start(t, async (call) => {
    call.connection.socket.on('data', (chunk: Buffer) => call.stdout(chunk.subarray(0, 60_000)))
    await call.body()
    call.end()
  })
  const exchange = send(await open(t, address), { body: 20_000_000 })
  const [output] = await Promise.all([
    read(exchange.stdout),
    pour(pattern(20_000_000), exchange.stdin),
  ])
  assert.ok(output.length > 1_000_000)
  assert.equal((await exchange.end).type, 'complete')
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-2 the rest of a body is discarded if the answer ends before it', async (t) => {
  const { address } = await start(t, async (call) => {
    await call.bodyBegun()
    call.stdout('enough').raw(call.endBytes())
  })
  const connection = await open(t, address)
  const exchange = send(connection, { body: 10_000_000 })
  const [output] = await Promise.all([
    text(exchange.stdout),
    pour(pattern(10_000_000), exchange.stdin),
  ])
  assert.equal(output, 'enough')
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  assert.equal(connection.isOpen, false)
})

void t.test('UP-2 an answer is read though the application has not read the body', async (t) => {
  for (const [name, listening] of Object.entries(listenings(t))) {
    const { upstream, address } = await start(
      t,
      async (call) => {
        await call.bodyBegun()
        call.stdout(pattern(50_000)).raw(call.endBytes())
        setImmediate(() => call.connection.socket.destroySoon())
      },
      listening,
    )
    const connection = await open(t, address)
    const exchange = send(connection, { body: 10_000_000 })
    connection.pause()
    await write(exchange.stdin, pattern(1_000))
    const call = await upstream.call()
    await call.connection.closed
    // The answer waits in the system, and so does the failure of the next write.
    await pour(pattern(200_000), exchange.stdin)
    connection.resume()
    assert.equal((await read(exchange.stdout)).length, 50_000, name)
    assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  }
})

void t.test('UP-2 a connection that ends before END_REQUEST is lost', async (t) => {
  const ends: Record<string, (call: Call) => unknown> = {
    'before the answer': (call) => call.connection.socket.end(),
    'within a record': (call) =>
      call.connection.socket.end(record(TYPE.STDOUT, 'partial').subarray(0, 12)),
    'after the output': (call) => {
      call.stdout('partial').stdout('')
      setImmediate(() => call.connection.socket.end())
    },
    'by a reset': (call) => call.connection.reset(),
  }
  for (const [name, answer] of Object.entries(ends)) {
    const { address } = await start(t, answer)
    const connection = await open(t, address)
    const exchange = send(connection)
    await assert.rejects(text(exchange.stdout), name)
    assert.equal((await exchange.end).type, 'lost', name)
    assert.equal(exchange.hasAnswerBegun, name === 'after the output' || name === 'within a record')
    assert.equal(exchange.isSent, true)
    assert.equal(connection.isOpen, false)
  }
})

void t.test('UP-5 a request is unsent if the system has taken no byte of it', async (t) => {
  for (const [name, listening] of Object.entries(listenings(t))) {
    const { upstream, address } = await start(t, (call) => call.answer('x'), listening)
    const connection = await open(t, address)
    await text(send(connection).stdout)
    connection.pause()
    const call = await upstream.call()
    call.connection.reset()
    await call.connection.closed
    const exchange = send(connection)
    connection.resume()
    assert.equal((await exchange.end).type, 'lost', name)
    assert.equal(exchange.isSent, false, name)
    assert.equal(exchange.hasAnswerBegun, false)
  }
})

void t.test('UP-2 a request that is rejected says why', async (t) => {
  for (const status of [1, 2, 3, 99]) {
    const { address } = await start(t, (call) => call.raw(call.endBytes(0, status)))
    const connection = await open(t, address)
    const exchange = send(connection)
    const output = text(exchange.stdout)
    await assert.rejects(output, { message: `protocolStatus ${status}` })
    assert.deepEqual(await exchange.end, { type: 'rejected', protocolStatus: status })
    assert.equal(connection.isOpen, false)
  }
})

void t.test('UP-2 bytes that are no FastCGI close the connection', async (t) => {
  const { address } = await start(t, (call) => call.stdout('some').raw('HTTP/1.1 400\r\n\r\n'))
  const connection = await open(t, address)
  const exchange = send(connection)
  await assert.rejects(text(exchange.stdout), { message: 'no FastCGI: version 72' })
  assert.deepEqual(await exchange.end, { type: 'fault', reason: 'version 72' })
  assert.equal(connection.isOpen, false)
})

void t.test('UP-2 bytes behind the end close the connection', async (t) => {
  const { address } = await start(t, (call) =>
    call.stdout('all').raw(Buffer.concat([call.endBytes(), call.stdoutBytes('late')])),
  )
  const exchange = send(await open(t, address))
  assert.equal(await text(exchange.stdout), 'all')
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
})

void t.test('UP-2 an idle connection is closed by a byte, or by its end', async (t) => {
  for (const act of [
    (call: Call) => call.raw('x'),
    (call: Call) => call.connection.socket.end(),
    (call: Call) => call.connection.reset(),
  ]) {
    const { upstream, address } = await start(t, (call) => call.answer('x'))
    const connection = await open(t, address)
    await text(send(connection).stdout)
    const idleEnd = new Promise<void>((resolve) => {
      connection.onIdleEnd = resolve
    })
    act(await upstream.call())
    await idleEnd
    assert.equal(connection.isOpen, false)
  }
})

void t.test('UP-4 a connection that is kept waits for the end of an aborted request', async (t) => {
  const { upstream, address } = await start(t, async (call) => {
    call.stdout('begin')
    await call.aborted()
    call.stdout('late').end()
  })
  const connection = await open(t, address)
  const exchange = send(connection)
  const call = await upstream.call()
  exchange.abort()
  exchange.abort()
  await call.aborted()
  assert.deepEqual(await exchange.end, { type: 'complete', appStatus: 0, isReusable: false })
  assert.equal(connection.isOpen, false)
  assert.deepEqual(upstream.faults, [])
})

void t.test('UP-4 a connection that is not kept is closed behind ABORT_REQUEST', async (t) => {
  const { upstream, address } = await start(t, () => {})
  const exchange = send(await open(t, address), { keepConnection: false, body: 100 })
  const call = await upstream.call()
  exchange.abort()
  assert.deepEqual(await exchange.end, { type: 'lost', error: undefined })
  await call.aborted()
  while (!call.connection.hasEnded) await nextTurn()
  // The gateway may still be writing.
  await pour(pattern(100), exchange.stdin)
})

void t.test('UP-1 a variable that fits in no record leaves the connection unused', async (t) => {
  const { address } = await start(t, (call) => call.answer('x'))
  const connection = await open(t, address)
  const environment = { HTTP_COOKIE: 'c'.repeat(70_000) }
  assert.throws(() => send(connection, { environment }), { code: 'CGI_ERR_FIELD_TOO_LARGE' })
  assert.match(await text(send(connection).stdout), /x$/)
})
