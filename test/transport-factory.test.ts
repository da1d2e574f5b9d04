import type { Transport, TransportContext, TransportFactory } from '@common-gateway/core/transport'
import type { CgiRun } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import path from 'node:path'
import t, { type Test } from 'tap'
import { createTemporaryFolder, writeProgram } from './core/temporary-folder.js'
import { type Adapter, express5, fastify5, type RunningGateway } from './support/adapters.js'
import { send } from './support/client.js'
import { ECHO_STATS, EchoTransport } from './support/echo-transport.js'
import { until } from './support/processes.js'

const HEADER = 'Content-Type: text/plain\n\n'

/** Keeps what it made, and for which gateways. */
class EchoFactory implements TransportFactory {
  readonly made: EchoTransport[] = []
  readonly contexts: TransportContext[] = []

  createTransport(context: TransportContext): Transport {
    this.contexts.push(context)
    const transport = new EchoTransport()
    this.made.push(transport)
    return context.root === undefined
      ? Object.assign(transport, { finder: APPLICATION })
      : transport
  }
}

/** Every path is the application's. */
const APPLICATION = {
  find: ({ mountName, segments }: { mountName: string; segments: readonly string[] }) => ({
    file: 'echo://application',
    scriptName: mountName,
    pathInfo: segments.map((segment) => `/${segment}`).join(''),
  }),
}

const root = createTemporaryFolder(t)
writeProgram(root, 'a.app', 'source', 0o644)
writeProgram(root, 'executable.app', `#!/bin/sh\nprintf '${HEADER}own line'\n`)
writeProgram(root, 'b.two', 'source', 0o644)
writeProgram(root, 'c.cgi', `#!/bin/sh\nprintf '${HEADER}'\necho "$PATH|$*"\n`)

type Variables = Readonly<Record<string, string>>

async function variablesOf(gateway: RunningGateway, url: string, sending = {}): Promise<Variables> {
  const answer = await send(gateway, url, sending)
  assert.equal(answer.status, 200, answer.text)
  return JSON.parse(answer.text) as Variables
}

for (const adapter of [fastify5, express5]) suite(adapter)

function suite(adapter: Adapter): void {
  const start = async (t: Test, options: object): Promise<RunningGateway> => {
    const gateway = await adapter.start({ options })
    t.after(() => gateway.close())
    return gateway
  }

  void t.test(`transports of extensions (${adapter.name})`, async (t) => {
    void t.test(
      'UP-1 ENV-3 MAP-6 one root has scripts of a transport beside programs',
      async (t) => {
        const factory = new EchoFactory()
        const gateway = await start(t, {
          root,
          interpreters: { '.app': factory },
          indexQuery: true,
        })
        const body = 'the body'
        const variables = await variablesOf(gateway, '/cgi-bin/a.app/p%20i?word', {
          method: 'POST',
          body,
        })
        assert.equal(variables['body'], body)
        assert.equal(variables['SCRIPT_NAME'], '/cgi-bin/a.app')
        assert.equal(variables['SCRIPT_FILENAME'], path.join(root, 'a.app'))
        assert.equal(variables['PATH_INFO'], '/p i')
        assert.equal(variables['DOCUMENT_ROOT'], root)
        assert.equal(variables['PATH'], undefined)
        assert.equal('PATH_INFO' in (await variablesOf(gateway, '/cgi-bin/a.app?word')), false)
        const program = await send(gateway, '/cgi-bin/c.cgi?word')
        assert.equal(program.text, `${process.env['PATH']}|word\n`)
        const [transport] = factory.made
        assert.deepEqual(
          transport?.calls.map(({ args, script }) => [args, script.command]),
          [
            [[], [path.join(root, 'a.app')]],
            [[], [path.join(root, 'a.app')]],
          ],
        )
      },
    )

    void t.test('MAP-6 of fallbackInterpreters only a file without permission', async (t) => {
      const gateway = await start(t, { root, fallbackInterpreters: { '.app': new EchoFactory() } })
      assert.ok('SCRIPT_NAME' in (await variablesOf(gateway, '/cgi-bin/a.app')))
      assert.equal((await send(gateway, '/cgi-bin/executable.app')).text, 'own line')
    })

    void t.test('LIFE-4 a factory makes one for each gateway, which closes it once', async (t) => {
      const factory = new EchoFactory()
      const interpreters = { '.app': factory, '.two': factory }
      const one = await start(t, { root, interpreters, killTimeout: 7, queueTimeout: 8000 })
      const other = await start(t, { root, interpreters })
      assert.equal(factory.made.length, 2)
      const [context] = factory.contexts
      assert.equal(context?.root, root)
      assert.equal(context.killTimeout, 7)
      assert.equal(context.queueTimeout, 8000)
      assert.equal(typeof context.logger.warn, 'function')
      for (const name of ['a.app', 'b.two']) await variablesOf(one, `/cgi-bin/${name}`)
      await variablesOf(other, '/cgi-bin/a.app')
      assert.deepEqual(
        factory.made.map(({ calls }) => calls.length),
        [2, 1],
      )
      await one.close()
      assert.deepEqual(
        factory.made.map(({ closed }) => closed),
        [1, 0],
      )
    })

    void t.test('LIM-2 a transport that is busy holds up no other', async (t) => {
      const interpreters = { '.app': new EchoTransport(), '.two': new EchoTransport() }
      const gateway = await start(t, { root, interpreters, maxQueue: 1, headersTimeout: 2000 })
      const hanging = send(gateway, '/cgi-bin/a.app?hang')
      await until(() => gateway.stats().running === 1, 'it runs')
      const waiting = variablesOf(gateway, '/cgi-bin/a.app')
      await until(() => gateway.stats().queued === 1, 'it waits')
      // The queue is full, for all of the gateway.
      const refused = await send(gateway, '/cgi-bin/a.app')
      assert.equal(refused.status, 503)
      assert.deepEqual(refused.all('retry-after'), ['1'])
      await variablesOf(gateway, '/cgi-bin/b.two')
      assert.equal((await send(gateway, '/cgi-bin/c.cgi')).status, 200)
      assert.equal((await hanging).status, 504)
      await waiting
      assert.deepEqual([gateway.stats().running, gateway.stats().queued], [0, 0])
    })

    void t.test('LIFE-4 close() ends the scripts of each, and closes each', async (t) => {
      const [app, two] = [new EchoTransport(), new EchoTransport()]
      const interpreters = { '.app': app, '.two': two }
      const gateway = await start(t, { root, interpreters, closeTimeout: 0 })
      const requests = ['a.app', 'b.two'].map((name) =>
        send(gateway, `/cgi-bin/${name}?hang`).catch(() => {}),
      )
      await until(() => gateway.stats().running === 2, 'both run')
      await gateway.close()
      await Promise.all(requests)
      assert.deepEqual([app.closed, two.closed], [1, 1])
    })

    void t.test('UP-7 stats() has the upstreams of all, and none without', async (t) => {
      const interpreters = { '.app': new EchoTransport(), '.two': new EchoTransport() }
      const gateway = await start(t, { root, interpreters })
      assert.deepEqual(gateway.stats().upstreams, [ECHO_STATS, ECHO_STATS])
      const faulty = Object.assign(new EchoTransport(), {
        stats() {
          throw new Error('no stats')
        },
      })
      const other = await start(t, { root, interpreters: { '.app': faulty } })
      assert.equal('upstreams' in other.stats(), false)
      assert.equal('upstreams' in (await start(t, { root })).stats(), false)
    })
  })

  void t.test(`applications (${adapter.name})`, async (t) => {
    void t.test('UP-1 MAP-1 every path below the mount is the application’s', async (t) => {
      const factory = new EchoFactory()
      const gateway = await start(t, { script: factory })
      assert.equal(factory.contexts[0]?.root, undefined)
      const variables = await variablesOf(gateway, '/cgi-bin/a/b.php/?q')
      assert.equal(variables['SCRIPT_NAME'], '/cgi-bin')
      assert.equal(variables['PATH_INFO'], '/a/b.php/')
      assert.equal(variables['DOCUMENT_ROOT'], undefined)
      assert.equal(variables['PATH_TRANSLATED'], undefined)
      assert.equal(variables['PATH'], undefined)
      assert.equal((await send(gateway, '/plain')).text, 'plain GET ')
    })

    void t.test('UP-1 it may be a transport, or the option `transport` a factory', async (t) => {
      const transport = Object.assign(new EchoTransport(), { finder: APPLICATION })
      await variablesOf(await start(t, { script: transport }), '/cgi-bin/a')
      const factory = new EchoFactory()
      const interpreters = { '.app': 'sh' }
      const extensions = ['.app']
      const gateway = await start(t, { root, transport: factory, interpreters, extensions })
      assert.equal(factory.contexts[0]?.root, root)
      assert.deepEqual(factory.contexts[0].extensions, ['.app'])
      await variablesOf(gateway, '/cgi-bin/a.app')
      assert.equal(factory.made[0]?.calls[0]?.script.command[1], path.join(root, 'a.app'))
    })

    void t.test('LOG-1 LOG-2 logs and runs name the server that answered', async (t) => {
      const gateway = await start(t, { script: new EchoFactory() })
      const runs: CgiRun[] = []
      const keep = (run: unknown): void => void runs.push(run as CgiRun)
      subscribe('common-gateway:run:end', keep)
      t.after(() => unsubscribe('common-gateway:run:end', keep))
      await variablesOf(gateway, '/cgi-bin/a?error')
      const record = await gateway.logged(({ message }) => message === 'an error')
      assert.equal(record['upstream'], 'echo 1')
      assert.equal(record['scriptPid'], 41)
      await variablesOf(gateway, '/cgi-bin/a?again')
      await until(() => runs.length === 2, 'both have ended')
      assert.deepEqual(
        runs.map(({ upstream, pid }) => [upstream, pid]),
        [
          ['echo 1', 41],
          ['echo 2', 42],
        ],
      )
    })

    for (const [query, status] of [
      ['CGI_ERR_NO_UPSTREAM', 502],
      ['CGI_ERR_UPSTREAM_TIMEOUT', 504],
      ['CGI_ERR_UPSTREAM_PROTOCOL', 502],
      ['CGI_ERR_BUSY', 503],
    ] as const) {
      void t.test(`UP-7 ${query} of open() is answered ${status}`, async (t) => {
        const gateway = await start(t, { script: new EchoFactory(), errorPage: true })
        const answer = await send(gateway, `/cgi-bin/?${query}`, {
          headers: ['Accept', 'application/json'],
        })
        assert.equal(answer.status, status)
        const { code, upstream, script } = JSON.parse(answer.text) as Variables
        assert.deepEqual(
          { code, upstream, script },
          { code: query, upstream: '127.0.0.1:9', script: 'echo://application' },
        )
      })
    }

    void t.test('UP-2 an error of the output keeps its code, and names the server', async (t) => {
      const gateway = await start(t, { script: new EchoFactory(), errorPage: true })
      const answer = await send(gateway, '/cgi-bin/?fault', { headers: ['Accept', 'text/plain'] })
      assert.equal(answer.status, 502)
      assert.match(answer.text, /^The application server broke the protocol$/m)
      assert.match(answer.text, /^Application server: +echo 1$/m)
      assert.match(answer.text, /speak another protocol, such as HTTP/)
    })
  })
}
