import assert from 'node:assert/strict'
import t from 'tap'
import { PassThrough } from 'node:stream'
import { text as textOf } from 'node:stream/consumers'
import {
  APPLICATIONS,
  BOUNDED,
  plain,
  SIGNALS,
  SPAWNERS,
  startEndingHost,
  startHostedScript,
} from './support/ending-host.js'
import { until, untilGone } from './support/processes.js'

void t.test('scripts end with their host', { jobs: 2 }, async (t) => {
  /** Each signal through one application, and each application by both spawners. */
  const HOSTS: readonly [keyof typeof APPLICATIONS, string, readonly NodeJS.Signals[]][] = [
    ['Fastify 5', 'posix_spawn', ['SIGTERM']],
    ['Fastify 5', 'child_process', ['SIGINT']],
    ['Express 5', 'posix_spawn', ['SIGHUP']],
    ['Express 5', 'child_process', ['SIGTERM']],
    ['node:http', 'posix_spawn', SIGNALS],
    ['node:http', 'child_process', ['SIGQUIT']],
  ]
  for (const [name, spawner, signals] of HOSTS) {
    void t.test(
      `LIFE-6 by a signal without a listener (${name}, ${spawner})`,
      { buffered: true, ...BOUNDED },
      async (t) => {
        for (const signal of signals) {
          const text = APPLICATIONS[name](`{ root, spawner: '${spawner}' }`)
          const host = await startEndingHost(t, text)
          const first = await startHostedScript(t, host.port)
          const second = await startHostedScript(t, host.port)
          host.kill(signal)
          assert.deepEqual(await host.ended, [null, signal])
          await untilGone(...first.pids, ...second.pids)
        }
      },
    )
  }

  const ENDS: readonly [how: string, act: string, exitCode: number][] = [
    ['process.exit()', 'process.exit(3)', 3],
    [
      'process.exit() in a listener of a signal',
      'process.once("SIGTERM", () => process.exit(3)); process.kill(process.pid, "SIGTERM")',
      3,
    ],
    ['an uncaught error', 'throw new Error("on purpose")', 1],
    ['a rejection', 'Promise.reject(new Error("on purpose"))', 1],
    [
      'an error in a listener of the exit',
      'process.on("exit", () => { throw new Error("on purpose") }); process.exit()',
      1,
    ],
  ]
  for (const [how, act, exitCode] of ENDS) {
    for (const spawner of SPAWNERS) {
      void t.test(`LIFE-6 by ${how} (${spawner})`, { buffered: true, ...BOUNDED }, async (t) => {
        const host = await startEndingHost(
          t,
          plain(spawner, `process.on('SIGUSR1', () => { ${act} })`),
        )
        const { pids } = await startHostedScript(t, host.port)
        host.kill('SIGUSR1')
        const [code] = await host.ended
        assert.equal(code, exitCode)
        await untilGone(...pids)
      })
    }
  }

  /** Ways to listen; each is text that says `handled` when the signal comes, and how often it may come. */
  const LISTENERS: readonly [how: string, text: string, isOnce: boolean][] = [
    ['on()', `process.on('SIGTERM', handle)`, false],
    ['once()', `process.once('SIGTERM', handle)`, true],
    ['prependListener()', `process.prependListener('SIGTERM', handle)`, false],
    ['prependOnceListener()', `process.prependOnceListener('SIGTERM', handle)`, true],
    [
      'a listener that removes itself',
      `process.on('SIGTERM', function own() { process.off('SIGTERM', own); handle() })`,
      true,
    ],
  ]
  for (const [how, listen, isOnce] of LISTENERS) {
    for (const moment of ['before', 'after'] as const) {
      void t.test(
        `LIFE-6 an application that listens decides: ${how}, ${moment} the script`,
        { buffered: true, ...BOUNDED },
        async (t) => {
          const handle = `function handle() { console.log('handled') }`
          const later = `process.once('SIGUSR1', () => { ${listen}; console.log('listening') })`
          const host = await startEndingHost(
            t,
            plain('auto', `${handle}\n${moment === 'before' ? listen : later}`),
          )
          const input = new PassThrough()
          // Node sends the header with the first of the body.
          input.write('do')
          const sending = { method: 'POST', body: input, headers: ['Content-Length', '4'] }
          const { pids, response } = await startHostedScript(t, host.port, 'finish.cgi', sending)
          if (moment === 'after') {
            host.kill('SIGUSR1')
            assert.equal(await host.nextLine(), 'listening')
          }
          host.kill('SIGTERM')
          assert.equal(await host.nextLine(), 'handled')
          if (!isOnce) {
            host.kill('SIGTERM')
            assert.equal(await host.nextLine(), 'handled')
          }
          // The script is still there, and may finish.
          input.end('ne')
          assert.equal(await textOf(response), 'finished\n')
          await untilGone(...pids)
        },
      )
    }
  }

  void t.test(
    'LIFE-6 the signal that comes after the one that was listened to',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const host = await startEndingHost(
        t,
        plain('auto', `process.once('SIGINT', () => console.log('once'))`),
      )
      const { pids } = await startHostedScript(t, host.port)
      host.kill('SIGINT')
      assert.equal(await host.nextLine(), 'once')
      host.kill('SIGINT')
      assert.deepEqual(await host.ended, [null, 'SIGINT'])
      await untilGone(...pids)
    },
  )

  void t.test(
    'LIFE-6 without scripts nothing listens',
    { buffered: true, ...BOUNDED },
    async (t) => {
      const more = `process.on('SIGUSR1', () => console.log([${SIGNALS.map((each) => `'${each}'`).join()}, 'exit'].map((event) => process.listenerCount(event)).join()))`
      const host = await startEndingHost(t, plain('auto', more))
      const count = async (): Promise<string> => {
        host.kill('SIGUSR1')
        return host.nextLine()
      }
      const idle = await count()
      assert.equal(idle, '0,0,0,0,0,0')
      const { pids, response } = await startHostedScript(t, host.port)
      assert.equal(await count(), '1,1,1,1,1,1')
      response.destroy()
      await untilGone(...pids)
      await until(async () => (await count()) === idle, 'nothing listens any more')
    },
  )
})
