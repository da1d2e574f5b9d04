import cgi from '@common-gateway/express'
import connect from 'connect'
import createExpress5 from 'express'
import createExpress4 from 'express4'
import { strict as assert } from 'node:assert'
import type { RequestListener, ServerResponse } from 'node:http'
import t from 'tap'
import { send } from '../support/client.js'
import { CGI_BIN, saying } from '../support/fixtures.js'
import { listen } from '../support/listen.js'

/** An application of any framework that has Express's middlewares. */
interface Application extends RequestListener {
  use(middleware: unknown): unknown
}

const frameworks: readonly [name: string, create: () => Application][] = [
  ['Express 5', () => createExpress5()],
  ['Express 4', () => createExpress4()],
  ['Connect', () => connect()],
]

const FIELDS = ['Content-Language', 'Content-Disposition', 'Cache-Control', 'ETag', 'Last-Modified']

/** A middleware that sends a response as a whole, such as one that makes entity tags. */
function holdResponse(_request: unknown, response: ServerResponse, next: () => void): void {
  const end = response.end.bind(response)
  let held = ''
  response.write = (chunk: unknown) => {
    held += String(chunk)
    return true
  }
  // One function for all overloads of end().
  response.end = ((chunk?: unknown) => {
    Reflect.deleteProperty(response, 'write')
    // An error response has only its own content.
    const content = typeof chunk === 'string' || Buffer.isBuffer(chunk) ? String(chunk) : ''
    return end(response.statusCode < 400 ? held + content : content)
  }) as ServerResponse['end']
  next()
}

for (const [name, create] of frameworks) {
  for (const hasHandler of [true, false]) {
    const answerer = hasHandler ? 'the application' : 'the framework'
    void t.test(
      `Errors the error in the place of a response has none of its fields (${name}, by ${answerer})`,
      async (t) => {
        const app = create()
        app.use(holdResponse)
        app.use(cgi({ root: CGI_BIN, errorPage: false, logger: { warn() {}, error() {} } }))
        const answerError = (_error: Error, _request: unknown, response: ServerResponse): void => {
          response.statusCode = 503
          response.end('ours')
        }
        // By the number of its parameters it is known for an error handler.
        Object.defineProperty(answerError, 'length', { value: 4 })
        if (hasHandler) app.use(answerError)
        const port = await listen(t, app)
        // The length is wrong: the response fails when the script ends.
        const own = FIELDS.map((field) => `${field}: of the script\n`).join('')
        const head = `Status: 200 Fine\nContent-Type: image/png\nContent-Length: 1000\n${own}X-Own: 1\n`
        const whole = await send(port, saying('Content-Type: text/plain\nETag: "a"\n\nwhole'))
        assert.deepEqual([whole.text, whole.all('etag')], ['whole', ['"a"']])
        const answer = await send(port, saying(`${head}\na part`))
        assert.equal(answer.status, hasHandler ? 503 : 502)
        assert.equal(answer.reason, hasHandler ? 'Service Unavailable' : 'Bad Gateway')
        for (const field of FIELDS) assert.deepEqual(answer.all(field), [], field)
        assert.notDeepEqual(answer.all('content-type'), ['image/png'])
        assert.deepEqual(answer.all('x-own'), ['1'])
        assert.ok(!answer.text.includes('a part'))
      },
    )
  }
}
