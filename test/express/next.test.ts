import cgi from '@common-gateway/express'
import polka from 'polka'
import polkaNext from 'polka-next'
import { strict as assert } from 'node:assert'
import type { RequestListener } from 'node:http'
import t from 'tap'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'
import { listen } from '../support/listen.js'

const root = CGI_BIN

void t.test('what next() throws stays in the gateway', async (t) => {
  /** The ways in which an application fails in next(). */
  const failures: Record<string, () => unknown> = {
    'an error': () => {
      throw new Error('of the application')
    },
    'what is no error': () => {
      // oxlint-disable-next-line typescript/only-throw-error -- this is what the test is about
      throw undefined
    },
    'a promise that rejects': () => Promise.reject(new Error('of the application')),
  }
  for (const [name, fail] of Object.entries(failures)) {
    for (const url of ['/cgi-bin/none.cgi', '/cgi-bin/a%00b', saying('no header\n\n')]) {
      void t.test(`Errors ${name}, for ${url.slice(0, 20)}`, async (t) => {
        const logged: string[] = []
        const tell = (_facts: object, message: string): void => void logged.push(message)
        const gateway = cgi({ root, logger: { warn: tell, error: tell }, errorPage: true })
        const port = await listen(t, (request, response) => {
          response.setHeader('Content-Length', 1_000)
          gateway(request, response, fail)
        })
        const answer = await send(port, url)
        assert.equal(answer.status, 500)
        assert.equal(answer.text, 'Internal Server Error')
        assert.ok(logged.includes('the application failed in next()'))
      })
    }
  }

  void t.test('Errors a failure after the header cuts the connection', async (t) => {
    const gateway = cgi({ root, logger: { warn() {}, error() {} } })
    const port = await listen(t, (request, response) => {
      gateway(request, response, () => {
        response.writeHead(200, { 'Content-Length': 10 }).write('half')
        throw new Error('of the application')
      })
    })
    await assert.rejects(send(port, '/cgi-bin/none.cgi'))
  })
})

void t.test('frameworks that answer errors in ways of their own', async (t) => {
  void t.test('Errors Polka 0.5, which takes the code of an error for its status', async (t) => {
    const app = polka()
    app.use(cgi({ root, logger: { warn() {}, error() {} }, methods: ['GET'], errorPage: false }))
    const port = await listen(t, app.handler)
    for (const [url, status, text] of [
      ['/cgi-bin/a%00b', 400, 'The request path is invalid'],
      [saying('no header\n\n'), 502, 'Bad Gateway'],
      ['/cgi-bin/none.cgi', 404, 'Not Found'],
    ] as const) {
      const answer = await send(port, url)
      assert.deepEqual([answer.status, answer.text], [status, text])
    }
    const refused = await send(port, '/cgi-bin/echo.cgi', { method: 'DELETE' })
    assert.equal(refused.status, 405)
    assert.match(refused.all('allow').join(), /GET/)
  })

  void t.test('Errors Polka 1.0, which looks for the status of an error', async (t) => {
    const app = polkaNext()
    // The types of the two are of different versions of Polka's own request.
    app.use(cgi({ root, logger: { warn() {}, error() {} } }) as never)
    const port = await listen(t, app.handler as RequestListener)
    for (const [url, status] of [
      ['/cgi-bin/a%00b', 400],
      [saying('no header\n\n'), 502],
      ['/cgi-bin/none.cgi', 404],
    ] as const) {
      assert.equal((await send(port, url)).status, status)
    }
  })
})
