import cgi from '@common-gateway/express'
import connect from 'connect'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import morgan from 'morgan'
import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { setTimeout as delay } from 'node:timers/promises'
import { pinoHttp } from 'pino-http'
import { dial, exchange, readUntil } from '../support/client.js'
import { CGI_BIN } from '../support/fixtures.js'

/** An application of any framework that has Express's middlewares. */
interface Application extends RequestListener {
  use(middleware: unknown): unknown
}

const frameworks: readonly [name: string, create: () => Application][] = [
  ['Express 5', () => createExpress5()],
  ['Express 4', () => createExpress4()],
  ['Connect', () => connect()],
]

/** Lines of a log, and a promise for the next one. */
class Lines {
  readonly all: string[] = []
  #heard: () => void = () => {}

  readonly write = (line: string): void => {
    this.all.push(line.trim())
    this.#heard()
  }

  async next(): Promise<string> {
    while (this.all.length === 0) {
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
    return this.all.shift() ?? ''
  }
}

async function listen(t: Test, app: RequestListener): Promise<number> {
  const server = createServer(app).listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  return (server.address() as AddressInfo).port
}

const RAW = 'HTTP/1.1 299 Own Words\r\nX-Own: yes\r\nConnection: close\r\n\r\nown body'
const get = (url: string, more = ''): string => `GET ${url} HTTP/1.1\r\nHost: a\r\n${more}\r\n`

for (const [name, create] of frameworks) {
  void t.test(`observers of responses (${name})`, async (t) => {
    void t.test(
      'HDR-4 morgan and pino-http see the status of an NPH script, and its end',
      async (t) => {
        const app = create()
        const [access, json] = [new Lines(), new Lines()]
        app.use(morgan(':method :url :status', { stream: access }))
        app.use(pinoHttp({}, { write: json.write }))
        app.use(cgi({ root: CGI_BIN }))
        const port = await listen(t, app)
        assert.equal(await exchange(port, get('/cgi-bin/nph-report.cgi')), RAW)
        assert.equal(await access.next(), 'GET /cgi-bin/nph-report.cgi 299')
        const { msg, res } = JSON.parse(await json.next()) as {
          msg: string
          res: { statusCode: number }
        }
        assert.deepEqual([msg, res.statusCode], ['request completed', 299])
      },
    )

    void t.test('HDR-4 an NPH script whose client leaves is seen to be aborted', async (t) => {
      const app = create()
      const json = new Lines()
      app.use(pinoHttp({}, { write: json.write }))
      app.use(cgi({ root: CGI_BIN, logger: { warn: () => {}, error: () => {} } }))
      const port = await listen(t, app)
      const socket = await dial(port)
      socket.write(get('/cgi-bin/nph-wait.cgi'))
      await readUntil(socket, /waiting/)
      socket.resetAndDestroy()
      const { msg } = JSON.parse(await json.next()) as { msg: string }
      assert.equal(msg, 'request aborted')
    })

    void t.test(
      'HDR-4 middlewares around the response change no byte of an NPH script',
      async (t) => {
        const app = create()
        app.use((_request: unknown, response: Parameters<RequestListener>[1], next: () => void) => {
          response.setHeader('X-Application', 'yes')
          const end = response.end.bind(response)
          // As session stores do, which have something to save first.
          response.end = ((...words: Parameters<typeof end>) => {
            void delay(10).then(() => end(...words))
            return response
          }) as typeof response.end
          next()
        })
        app.use(cgi({ root: CGI_BIN }))
        const port = await listen(t, app)
        const follower = get('/cgi-bin/report.cgi', 'Connection: close\r\n')
        assert.equal(await exchange(port, get('/cgi-bin/nph-report.cgi') + follower), RAW)
      },
    )
  })
}
