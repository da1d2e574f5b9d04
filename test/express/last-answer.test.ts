import cgi from '@common-gateway/express'
import connect from 'connect'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mock } from 'node:test'
import t, { type Test } from 'tap'
import { setImmediate } from 'node:timers/promises'
import { send, type Sending } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'

/** An application of any framework that has Express's middlewares. */
interface Application extends RequestListener {
  use(middleware: unknown): unknown
}

const frameworks: readonly [name: string, create: () => Application][] = [
  ['Express 5', () => createExpress5()],
  ['Express 4', () => createExpress4()],
  ['Connect', () => connect()],
]

/** What is written to the standard error of the process in the course of one request. */
async function printed(t: Test, app: Application, sending?: Sending): Promise<string[]> {
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => mock.reset())
  const write = mock.method(process.stderr, 'write', (...words: unknown[]) => {
    const done = words.at(-1)
    if (typeof done === 'function') queueMicrotask(() => done())
    return true
  })
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  await send(port, saying('no colon\n\n'), sending)
  server.close()
  await once(server, 'close')
  // Express prints after it has answered.
  await setImmediate()
  write.mock.restore()
  return write.mock.calls.map(({ arguments: [line] }) => String(line))
}

for (const [name, create] of frameworks) {
  for (const errorPage of [true, false]) {
    void t.test(`a failure is logged once (${name}, errorPage: ${errorPage})`, async (t) => {
      void t.test('LOG-1 where Express itself answers, with all that is known of it', async (t) => {
        for (const method of ['GET', 'HEAD', 'POST']) {
          const app = create()
          app.use(cgi({ root: CGI_BIN, errorPage }))
          const body = method === 'POST' ? { body: 'x'.repeat(100_000) } : {}
          const lines = await printed(t, app, { method, headers: ['Accept', '*/*'], ...body })
          assert.equal(lines.length, 1, lines.join('\n'))
          assert.match(
            lines[0] ?? '',
            /^CgiError: The script sent an invalid header .*no colon.*say\.cgi/,
          )
          assert.doesNotMatch(lines[0] ?? '', /\.js|expose/)
        }
      })

      void t.test('LOG-1 where the application answers', async (t) => {
        const app = create()
        app.use(cgi({ root: CGI_BIN, errorPage }))
        type Response = Parameters<RequestListener>[1]
        const answerErrors = (_error: Error, _request: unknown, response: Response): void => {
          response.end('ours')
        }
        // By the number of its parameters it is known for an error handler.
        Object.defineProperty(answerErrors, 'length', { value: 4 })
        app.use(answerErrors)
        const lines = await printed(t, app)
        assert.equal(lines.length, 1, lines.join('\n'))
        assert.match(lines[0] ?? '', /^common-gateway: The script sent .*say\.cgi.* scriptPid=\d/)
      })

      void t.test('LOG-1 by a logger of its own, at once', async (t) => {
        const app = create()
        const logged: string[] = []
        const error = (_facts: object, message: string): unknown => logged.push(message)
        app.use(cgi({ root: CGI_BIN, errorPage, logger: { warn: () => {}, error } }))
        await printed(t, app)
        assert.deepEqual(logged, ['The script sent an invalid header'])
      })
    })
  }
}
