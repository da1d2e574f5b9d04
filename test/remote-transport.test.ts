import { CgiError, type Slots, type Transport } from '@common-gateway/core/transport'
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import { type Adapter, express5, fastify5, type RunningGateway } from './support/adapters.js'
import { dial, send } from './support/client.js'
import { createTemporaryFolder } from './core/temporary-folder.js'
import { until } from './support/processes.js'
import { RemoteTransport } from './support/remote-transport.js'

/** The answer of the application. */
interface Report {
  readonly variables: Record<string, string>
  readonly body: string
  /** Connections that are open, with that of this request. */
  readonly connections: number
}

const address = path.join(createTemporaryFolder(t), 'application.sock')

async function reportOf(gateway: RunningGateway, url: string, sending = {}): Promise<Report> {
  const answer = await send(gateway, url, sending)
  assert.equal(answer.status, 200, answer.text)
  return JSON.parse(Buffer.from(answer.text, 'latin1').toString()) as Report
}

function hang(gateway: RunningGateway): Promise<unknown> {
  return send(gateway, '/cgi-bin/a.app?hang').catch(() => {})
}

void t.test('a transport to an application in another process', async (t) => {
  let application: ChildProcess
  t.before(async () => {
    const program = path.join(import.meta.dirname, 'support/remote-application.js')
    application = spawn(process.execPath, [program, address], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    assert.ok(application.stdout)
    await once(application.stdout, 'data')
  })
  t.after(() => application.kill())
  for (const adapter of [fastify5, express5]) {
    remoteSuite(t, adapter)
    faultSuite(t, adapter)
  }
})

function remoteSuite(t: Test, adapter: Adapter): void {
  void t.test(`a transport to a Unix socket (${adapter.name})`, async (t) => {
    const start = async (
      t: Test,
      transport: Transport = new RemoteTransport(address, 1),
      options = {},
    ): Promise<RunningGateway> => {
      const gateway = await adapter.start({ options: { transport, ...options } })
      t.after(() => gateway.close())
      return gateway
    }

    void t.test(
      'MAP-1 ENV-1 ENV-3 LOG-1 its finder splits the path, it maps variables',
      async (t) => {
        const gateway = await start(t)
        const { variables } = await reportOf(gateway, '/cgi-bin/sub/a.app/p%20i/?q=1')
        assert.equal(variables['SCRIPT_NAME'], '/cgi-bin/sub/a.app')
        assert.equal(variables['SCRIPT_FILENAME'], '/there/sub/a.app')
        assert.equal(variables['PATH_INFO'], '/p i/')
        assert.equal(variables['DOCUMENT_ROOT'], '/there')
        assert.equal(variables['PATH_TRANSLATED'], undefined)
        assert.equal(variables['PATH'], undefined)
        const record = await gateway.logged(({ message }) => message.startsWith('an error of'))
        assert.equal(record['script'], '/there/sub/a.app')
      },
    )

    void t.test('ENV-7 names and the rest of the path arrive as they were sent', async (t) => {
      const gateway = await start(t)
      const { variables } = await reportOf(gateway, '/cgi-bin/%C3%BC.app/%C3%A4')
      assert.equal(variables['SCRIPT_NAME'], '/cgi-bin/\xc3\xbc.app')
      assert.equal(variables['SCRIPT_FILENAME'], '/there/\xc3\xbc.app')
      assert.equal(variables['PATH_INFO'], '/\xc3\xa4')
    })

    void t.test(
      'MAP-2 MAP-3 a path without a script is the application’s, a bad one 400',
      async (t) => {
        const gateway = await start(t)
        assert.equal((await send(gateway, '/cgi-bin/sub/none')).status, 404)
        assert.equal((await send(gateway, '/plain')).text, 'plain GET ')
        for (const bad of ['a.app/%2e%2e/b', 'a.app/%2fb', 'a.app%00']) {
          assert.equal((await send(gateway, `/cgi-bin/${bad}`)).status, 400, bad)
        }
      },
    )

    void t.test('BODY-1 BODY-2 it gets bodies with and without a length', async (t) => {
      const gateway = await start(t)
      const text = 'x'.repeat(300_000)
      for (const body of [Buffer.from(text), Readable.from([text])]) {
        const report = await reportOf(gateway, '/cgi-bin/a.app', { method: 'POST', body })
        assert.equal(report.variables['CONTENT_LENGTH'], '300000')
        assert.ok(report.body === text)
      }
    })

    void t.test('RES-4 it passes on a large answer as it flows', async (t) => {
      const answer = await send(await start(t), '/cgi-bin/a.app?large')
      assert.equal(answer.text.length, 20 * 65_536)
    })

    void t.test(
      'LIFE-1 its connection closes, and its slot is free, when a client leaves',
      async (t) => {
        const gateway = await start(t)
        const socket = await dial(gateway)
        socket.write('GET /cgi-bin/a.app?hang HTTP/1.1\r\nHost: a\r\n\r\n')
        await until(() => gateway.stats().running === 1, 'it runs')
        socket.destroy()
        await until(() => gateway.stats().running === 0, 'the slot is free')
        assert.equal((await reportOf(gateway, '/cgi-bin/a.app')).connections, 1)
      },
    )

    void t.test('LIM-1 its connection closes after a time-out', async (t) => {
      const gateway = await start(t, undefined, { headersTimeout: 100 })
      assert.equal((await send(gateway, '/cgi-bin/a.app?hang')).status, 504)
      assert.equal((await reportOf(gateway, '/cgi-bin/a.app')).connections, 1)
    })

    void t.test('LIM-2 gateways share its slots, and each has its own queue', async (t) => {
      const transport = new RemoteTransport(address, 1)
      const one = await start(t, transport, { headersTimeout: 500 })
      const other = await start(t, transport, { maxQueue: 0 })
      const holding = hang(one)
      await until(() => one.stats().running === 1, 'it runs')
      const refused = await send(other, '/cgi-bin/a.app')
      assert.equal(refused.status, 503)
      assert.deepEqual(refused.all('retry-after'), ['1'])
      assert.deepEqual([other.stats().running, other.stats().queued], [0, 0])
      const waiting = send(one, '/cgi-bin/a.app')
      await until(() => one.stats().queued === 1, 'it waits')
      await holding
      assert.equal((await waiting).status, 200)
      const body = Readable.from(['spooled'])
      const report = await reportOf(other, '/cgi-bin/a.app', { method: 'POST', body })
      assert.equal(report.body, 'spooled')
    })

    void t.test('LIM-2 the wait for its slots is bounded by queueTimeout', async (t) => {
      const gateway = await start(t, undefined, { queueTimeout: 50, headersTimeout: 500 })
      const holding = hang(gateway)
      await until(() => gateway.stats().running === 1, 'it runs')
      assert.equal((await send(gateway, '/cgi-bin/a.app')).status, 503)
      await holding
      assert.equal((await send(gateway, '/cgi-bin/a.app')).status, 200)
    })

    void t.test('LIFE-4 close() stops it, and refuses the requests that wait', async (t) => {
      const gateway = await start(t, undefined, { closeTimeout: 0 })
      const holding = hang(gateway)
      await until(() => gateway.stats().running === 1, 'it runs')
      const waiting = send(gateway, '/cgi-bin/a.app').catch(() => ({ status: 503 }))
      await until(() => gateway.stats().queued === 1, 'it waits')
      await gateway.close()
      await holding
      assert.equal((await waiting).status, 503)
    })

    void t.test('RES-1 RES-4 a connection that breaks is 502, or cuts the answer', async (t) => {
      const gateway = await start(t)
      assert.equal((await send(gateway, '/cgi-bin/a.app?break-before-header')).status, 502)
      await assert.rejects(send(gateway, '/cgi-bin/a.app?break-after-header'))
      assert.equal((await send(gateway, '/cgi-bin/a.app')).status, 200)
    })

    void t.test(
      'LIFE-3 an application that does not listen is the error of the transport',
      async (t) => {
        const gateway = await start(t, new RemoteTransport(`${address}.none`, 1))
        for (const sending of [{}, { method: 'POST', body: 'body' }]) {
          assert.equal((await send(gateway, '/cgi-bin/a.app', sending)).status, 503)
        }
        await until(() => gateway.stats().running === 0, 'the slot is free')
      },
    )

    void t.test('MAP-4 a script is checked again after a wait', async (t) => {
      const transport = new RemoteTransport(address, 1)
      const recheck = (): void => {
        throw new CgiError('CGI_ERR_NOT_EXECUTABLE')
      }
      const finder = { ...transport.finder, recheck }
      const gateway = await start(t, Object.assign(transport, { finder }), {
        authenticate: () => new Promise<null>((resolve) => setTimeout(resolve, 20, null)),
      })
      assert.equal((await send(gateway, '/cgi-bin/a.app')).status, 403)
    })
  })
}

const fail = (what: string): never => {
  throw new Error(`the fault of ${what}`)
}

/** Faults of a finder, with the status of the answer. */
const FINDERS: readonly (readonly [what: string, status: number, find: () => unknown])[] = [
  ['throws', 500, () => fail('find')],
  ['throws a CgiError', 404, () => fail404()],
  ['rejects', 500, () => Promise.reject(new Error('no'))],
  ['resolves', 500, async () => ({ file: '/a', scriptName: '/a', pathInfo: '' })],
  ['returns nothing', 500, () => {}],
  ['returns a string', 500, () => '/a.app'],
  ['returns half a location', 500, () => ({ file: '/a' })],
  ['decodes PATH_INFO', 500, () => ({ file: '/a', scriptName: '/a', pathInfo: '/\u20ac' })],
  [
    'returns a location that throws',
    500,
    () => ({
      get file() {
        return fail('file')
      },
    }),
  ],
]

function fail404(): never {
  throw new CgiError('CGI_ERR_NOT_FOUND')
}

/** Faults of slots, with the status of the answer. */
const SLOTS: readonly (readonly [
  what: string,
  status: number,
  slots: Partial<Record<keyof Slots, unknown>>,
])[] = [
  ['throw', 500, { take: () => fail('take') }],
  ['give no function', 500, { take: () => 1 }],
  ['give a promise', 500, { take: () => Promise.reject(new Error('no')) }],
  ['reject a wait', 500, { take: () => undefined, wait: () => Promise.reject(new Error('no')) }],
  ['throw in a wait', 500, { take: () => undefined, wait: () => fail('wait') }],
  [
    'are busy',
    503,
    {
      take: () => undefined,
      wait: () => {
        throw new CgiError('CGI_ERR_BUSY')
      },
    },
  ],
  ['never come', 503, { take: () => undefined, wait: () => new Promise(() => {}) }],
  [
    'cannot be counted',
    200,
    {
      get free() {
        return fail('free')
      },
    },
  ],
  ['cannot be released', 200, { take: () => () => fail('release') }],
  ['reject a release', 200, { take: () => () => Promise.reject(new Error('no')) }],
]

function faultSuite(t: Test, adapter: Adapter): void {
  void t.test(`faults of a finder and of slots (${adapter.name})`, async (t) => {
    for (const [what, status, find] of FINDERS) {
      void t.test(`LIFE-3 a finder that ${what} is answered ${status}`, async (t) => {
        // The faults are against the type on purpose.
        const finder = { find } as RemoteTransport['finder']
        const transport = Object.assign(new RemoteTransport(address, 1), { finder })
        const gateway = await adapter.start({ options: { transport } })
        t.after(() => gateway.close())
        for (const sending of [{}, { method: 'POST', body: 'body' }]) {
          assert.equal((await send(gateway, '/cgi-bin/a.app', sending)).status, status)
        }
      })
    }
    for (const [what, status, faulty] of SLOTS) {
      void t.test(`LIFE-3 slots that ${what} are answered ${status}`, async (t) => {
        const slots = Object.defineProperties(
          { free: 1, take: () => () => {}, wait: () => new Promise(() => {}) },
          Object.getOwnPropertyDescriptors(faulty),
        )
        // The faults are against the type on purpose.
        const given = { slots } as unknown as Transport
        const transport = Object.assign(new RemoteTransport(address, 1), given)
        const gateway = await adapter.start({ options: { transport, queueTimeout: 50 } })
        t.after(() => gateway.close())
        for (const sending of [{}, { method: 'POST', body: 'body' }]) {
          assert.equal((await send(gateway, '/cgi-bin/a.app', sending)).status, status)
        }
        await until(() => gateway.stats().running === 0, 'the slot is free')
      })
    }
  })
}
