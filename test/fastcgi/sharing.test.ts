import assert from 'node:assert/strict'
import t from 'tap'
import type { ScriptCall, Transport, TransportContext } from '@common-gateway/core/transport'
import { fastcgi } from '@common-gateway/fastcgi'
import { until } from '../support/processes.js'
import { type Call, ScriptedUpstream } from './scripted-upstream.js'

const CONTEXT: TransportContext = {
  logger: { warn: () => {}, error: () => {} },
  root: undefined,
  extensions: undefined,
  killTimeout: 1_000,
  queueTimeout: 30_000,
}

const CALL: ScriptCall = {
  script: { file: 'fastcgi://x', scriptName: '', pathInfo: '/', command: ['fastcgi://x'] },
  args: [],
  environment: { REQUEST_METHOD: 'GET' },
  body: { length: undefined, content: null },
  queueTime: 0,
}

/** Sends one request and waits for its end. */
async function run(transport: Transport): Promise<string> {
  const { stdout, stderr, exit } = await transport.open(CALL)
  stderr?.readBy({ data: () => {}, end: () => {}, error: () => {} })
  stderr?.resume()
  let text = ''
  const ended = new Promise<void>((resolve, reject) => {
    stdout.readBy({
      data: (chunk) => {
        text += chunk.toString()
      },
      end: resolve,
      error: reject,
    })
  })
  stdout.resume()
  await ended
  assert.equal((await exit).exitCode, 0)
  return text
}

async function start(): Promise<ScriptedUpstream> {
  const behaviour = {
    answer: (call: { stdout(text: string): { end(): unknown } }) => call.stdout('yes').end(),
  }
  const upstream = new ScriptedUpstream(behaviour, { port: 0, host: '127.0.0.1' }, 'fastcgi')
  await upstream.start()
  return upstream
}

void t.test(
  'UP-6 gateways that have the same fastcgi() share its connections and its queue',
  async (t) => {
    const upstream = await start()
    t.teardown(() => upstream.stop())
    const factory = fastcgi({ address: upstream.address, keepAlive: 5_000, maxConnections: 1 })
    const [one, other] = [factory.createTransport(CONTEXT), factory.createTransport(CONTEXT)]
    assert.equal(await run(one), 'yes')
    assert.equal(await run(other), 'yes')
    assert.equal(upstream.connections.length, 1)
    assert.deepEqual(one.stats?.(), other.stats?.())

    const release = one.slots?.take()
    assert.equal(other.slots?.take(), undefined)
    const wait = other.slots?.wait(new AbortController().signal)
    release?.()
    ;(await wait)?.()
  },
)

void t.test(
  'UP-6 connections are closed with the last of the gateways that have used them',
  async (t) => {
    const upstream = await start()
    t.teardown(() => upstream.stop())
    const factory = fastcgi({ address: upstream.address, keepAlive: 5_000 })
    const [one, other, unused] = [1, 2, 3].map(() => factory.createTransport(CONTEXT))
    assert.ok(one !== undefined && other !== undefined && unused !== undefined)
    await run(one)
    await run(other)
    await unused.close()
    await one.close()
    assert.equal(await run(other), 'yes')
    assert.equal(upstream.open.length, 1)
    await other.close()
    await until(() => upstream.open.length === 0, 'the connection is closed')

    // A gateway that is created later finds it as new.
    const later = factory.createTransport(CONTEXT)
    assert.equal(await run(later), 'yes')
    await later.close()
    await until(() => upstream.open.length === 0, 'the connection is closed')
  },
)

void t.test('UP-3 each gateway warns once of scripts that are not found there', async (t) => {
  const behaviour = {
    answer: (call: Call) => call.stderr('Primary script unknown\n').stdout('Status: 404\n\n').end(),
  }
  const upstream = new ScriptedUpstream(behaviour, { port: 0, host: '127.0.0.1' }, 'fastcgi')
  await upstream.start()
  t.teardown(() => upstream.stop())
  const factory = fastcgi(upstream.address)
  const warnings: string[] = []
  for (const name of ['one', 'other']) {
    const warn = (_facts: object, message: string): void =>
      void warnings.push(`${name}: ${message}`)
    const transport = factory.createTransport({ ...CONTEXT, logger: { warn, error: warn } })
    await run(transport)
    await run(transport)
    await transport.close()
  }
  const message = 'the application server does not find the script'
  assert.deepEqual(warnings, [`one: ${message}`, `other: ${message}`])
})
