import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { record, RecordReader, TYPE, writePairs } from './records.js'
import { type Behaviour, nextTurn, ScriptedUpstream } from './scripted-upstream.js'

const VARIABLES = {
  GATEWAY_INTERFACE: 'CGI/1.1',
  QUERY_STRING: '',
  REMOTE_ADDR: '127.0.0.1',
  REQUEST_METHOD: 'POST',
  REQUEST_URI: '/cgi-bin/a',
  SCRIPT_NAME: '/cgi-bin',
  SERVER_NAME: 'a',
  SERVER_PORT: '80',
  SERVER_PROTOCOL: 'HTTP/1.1',
  SERVER_SOFTWARE: 'test',
  CONTENT_LENGTH: '4',
}

const BEGIN = record(TYPE.BEGIN_REQUEST, '\0\x01\0\0\0\0\0\0')
const PARAMS = record(TYPE.PARAMS, writePairs(VARIABLES), { padding: 3 })
const GOOD = [BEGIN, PARAMS, record(TYPE.PARAMS), record(TYPE.STDIN, 'body'), record(TYPE.STDIN)]

/** Each fault that must be reported, by what the report says. */
const FAULTY: readonly (readonly [what: string, records: readonly Buffer[]])[] = [
  ['version', GOOD.with(3, record(TYPE.STDIN, 'body', { version: 2 }))],
  ['id 2', GOOD.with(3, record(TYPE.STDIN, 'body', { id: 2 }))],
  ['id 0', GOOD.with(0, record(TYPE.BEGIN_REQUEST, '\0\x01\0\0\0\0\0\0', { id: 0 }))],
  ['role', GOOD.with(0, record(TYPE.BEGIN_REQUEST, '\0\x02\0\0\0\0\0\0'))],
  ['of 7 bytes', GOOD.with(0, record(TYPE.BEGIN_REQUEST, '\0\x01\0\0\0\0\0'))],
  ['is cut', GOOD.with(1, record(TYPE.PARAMS, writePairs(VARIABLES).subarray(0, -1)))],
  ['twice', [BEGIN, PARAMS, ...GOOD.slice(1)]],
  ['STDIN of 3 bytes', GOOD.with(3, record(TYPE.STDIN, 'bod'))],
  ['no QUERY_STRING', GOOD.with(1, record(TYPE.PARAMS, writePairs({ PATH: '' })))],
  ['PATH of this process', GOOD.with(1, record(TYPE.PARAMS, writePairs({ PATH: '' })))],
  ['STDIN in the place', [BEGIN, PARAMS, record(TYPE.STDIN), record(TYPE.PARAMS)]],
  ['before the end', [...GOOD, BEGIN]],
]

async function dialUpstream(t: Test, behaviour: Behaviour): Promise<[ScriptedUpstream, Socket]> {
  const upstream = await new ScriptedUpstream(behaviour).start()
  const [host, port] = upstream.address.split(':')
  const socket = connect(Number(port), host)
  t.after(async () => {
    socket.destroy()
    await upstream.stop()
  })
  await once(socket, 'connect')
  return [upstream, socket]
}

void t.test('an upstream under control answers a request in any split', async (t) => {
  for (const size of [1, 10, 10_000]) {
    const [upstream, socket] = await dialUpstream(t, {
      answer: async (call) => call.stderr('log').answer(await call.body()),
    })
    const bytes = Buffer.concat(GOOD)
    for (let start = 0; start < bytes.length; start += size) {
      socket.write(bytes.subarray(start, start + size))
      await nextTurn()
    }
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    const records = new RecordReader().push(Buffer.concat(chunks))
    const text = records.filter(({ type }) => type === TYPE.STDOUT).map(({ content }) => content)
    assert.equal(Buffer.concat(text).toString(), 'Content-Type: text/plain\n\nbody')
    assert.equal(records.at(-1)?.type, TYPE.END_REQUEST)
    assert.deepEqual(upstream.faults, [])
    assert.equal(upstream.count('/a'), 1)
  }
})

void t.test('an upstream under control reports what is against the protocol', async (t) => {
  for (const [what, records] of FAULTY) {
    const [upstream, socket] = await dialUpstream(t, { answer: () => {} })
    socket.end(Buffer.concat(records))
    await upstream.until(() => upstream.connections.length === 1)
    await once(upstream.connections[0]?.socket ?? socket, 'end')
    const isReported = upstream.faults.some((fault) => fault.includes(what))
    assert.ok(isReported, `${what}: ${upstream.faults.join()}`)
  }
})

void t.test('an upstream under control learns of ABORT_REQUEST', async (t) => {
  const [upstream, socket] = await dialUpstream(t, { answer: () => {} })
  socket.write(Buffer.concat([...GOOD.slice(0, 3), record(TYPE.ABORT_REQUEST)]))
  const call = await upstream.call()
  await call.aborted()
  assert.deepEqual(upstream.faults, [])
})
