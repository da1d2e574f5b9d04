import { fastcgi } from '@common-gateway/fastcgi'
import assert from 'node:assert/strict'
import t, { type Test } from 'tap'
import {
  type Adapter,
  express4,
  express5,
  fastify5,
  fastify5Http2,
  nodeHttp,
  type RunningGateway,
} from '../support/adapters.js'
import { send } from '../support/client.js'
import { until } from '../support/processes.js'
import { endRecord, record, TYPE } from './records.js'
import { type Behaviour, ScriptedUpstream } from './scripted-upstream.js'

const BOUNDED = { timeout: 120_000 }
const TEXT = 'the whole answer'
/** How long an application may be silent that has sent something else than an answer, in milliseconds. */
const SHORT = 500

/** A whole answer without a length, so that nothing but the protocol tells its end. */
const ANSWER = Buffer.concat([
  record(TYPE.STDERR, 'a line\n'),
  record(TYPE.STDOUT, 'Content-Type: text/plain\n\n', { padding: 3 }),
  record(TYPE.STDOUT, TEXT),
  record(TYPE.STDOUT, ''),
  endRecord(0, 0),
])

async function start(
  t: Test,
  adapter: Adapter,
  behaviour: Behaviour,
  timeout = SHORT,
): Promise<{ gateway: RunningGateway; upstream: ScriptedUpstream }> {
  const upstream = await new ScriptedUpstream(behaviour).start()
  t.after(() => upstream.stop())
  const gateway = await adapter.start({
    options: {
      script: fastcgi(upstream.address),
      headersTimeout: timeout,
      bodyTimeout: timeout,
    },
  })
  t.after(() => gateway.close())
  return { gateway, upstream }
}

/** Sends these bytes in the place of an answer, and closes the connection or leaves it open. */
const sends = (bytes: Buffer, end: 'close' | 'reset' | 'wait'): Behaviour => ({
  answer(call) {
    const { connection } = call
    connection.answered()
    call.raw(bytes)
    if (end === 'close') connection.socket.end()
    if (end === 'reset') connection.reset()
  },
})

/** The text of an answer that claims to be whole; the status of another one. */
async function outcomeOf(gateway: RunningGateway): Promise<string | number> {
  try {
    const { status, text } = await send(gateway, '/cgi-bin/')
    return status === 200 ? text : status
  } catch {
    return 'cut'
  }
}

for (const adapter of [nodeHttp, express4, express5, fastify5, fastify5Http2]) {
  void t.test(`applications that break off (${adapter.name})`, { jobs: 2 }, async (t) => {
    for (const end of ['close', 'reset'] as const) {
      void t.test(
        `UP-2 no part of an answer is taken for a whole one: ${end} at each byte`,
        { buffered: true, ...BOUNDED },
        async (t) => {
          const { gateway, upstream } = await start(t, adapter, {})
          for (let length = 0; length < ANSWER.length; length += 1) {
            upstream.behaviour = sends(ANSWER.subarray(0, length), end)
            const outcome = await outcomeOf(gateway)
            assert.ok(outcome === 'cut' || outcome === 502, `${length} bytes: ${outcome}`)
          }
          upstream.behaviour = sends(ANSWER, 'close')
          await until(async () => (await outcomeOf(gateway)) === TEXT, 'it is up again')
          assert.equal(gateway.stats().running, 0)
        },
      )
    }
  })
}

void t.test('applications that write garbage', { jobs: 16 }, async (t) => {
  for (const [offset, byte] of ANSWER.entries()) {
    for (const mask of [0x01, 0xff]) {
      const changed = Buffer.from(ANSWER)
      changed[offset] = byte ^ mask
      void t.test(
        `UP-2 byte ${offset} xor ${mask}: an answer ends, and no other suffers`,
        { buffered: true, ...BOUNDED },
        async (t) => {
          const { gateway, upstream } = await start(t, nodeHttp, sends(changed, 'wait'))
          const outcome = await outcomeOf(gateway)
          const isText = typeof outcome === 'string' && outcome !== 'cut'
          // What is changed within the text, or within what the gateway does not read, changes no more than that.
          if (isText) assert.ok(TEXT.startsWith(outcome) || outcome.length === TEXT.length, outcome)
          else assert.ok(outcome === 'cut' || outcome === 502 || outcome === 504, String(outcome))
          upstream.behaviour = sends(ANSWER, 'close')
          await until(async () => (await outcomeOf(gateway)) === TEXT, 'it is up again')
          await until(() => gateway.stats().running === 0, 'no request runs')
        },
      )
    }
  }
})

const MEGABYTE = 1024 ** 2

void t.test('LOG-1 256 MB of standard error take no memory', BOUNDED, async (t) => {
  const writesFirst: Behaviour = {
    async answer(call) {
      const { socket } = call.connection
      const line = record(TYPE.STDERR, `${'e'.repeat(65_000)}\n`)
      for (let sent = 0; sent < 256 * MEGABYTE; sent += line.length) {
        if (!socket.write(line)) await new Promise((resolve) => socket.once('drain', resolve))
      }
      call.answer(TEXT)
    },
  }
  const { gateway } = await start(t, nodeHttp, writesFirst, 60_000)
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss())
  }, 20)
  t.after(() => clearInterval(timer))
  assert.equal(await outcomeOf(gateway), TEXT)
  assert.ok(most - before < 96 * MEGABYTE, `${Math.round((most - before) / MEGABYTE)} MB`)
  await gateway.logged((each) => 'droppedBytes' in each)
})
