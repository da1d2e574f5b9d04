import { CgiError } from '@common-gateway/core'
import { clientRequestOf, Exchange } from '@common-gateway/core/adapter'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, Socket } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { exchange, readToEnd } from '../../support/client.js'
import { createTemporaryFolder } from '../temporary-folder.js'

void t.test(
  'RES-6 a script fails behind a socket of the file system, HTTP/1.0: only the connection ends',
  async (t) => {
    const file = path.join(createTemporaryFolder(t), 'server')
    const failure = new CgiError('CGI_ERR_KILLED')
    const errors: unknown[] = []
    const server = createServer((request, response) => {
      const body = new Readable({ read() {} })
      body.push('begun')
      response.once('pipe', () => setImmediate(() => body.destroy(failure)))
      const answer = { type: 'response', status: 200, reason: 'OK', headers: [], body } as const
      new Exchange(request, response, { native: request, mount: '' })
        .send(answer)
        .catch((error: unknown) => errors.push(error))
    })
    server.listen(file)
    await once(server, 'listening')
    t.after(() => server.close())

    // The first one must not have taken the host with it.
    for (const failures of [1, 2]) {
      const socket = connect(file)
      socket.write('GET / HTTP/1.0\r\n\r\n')
      assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 OK\r\n/)
      assert.equal(errors.length, failures)
      assert.ok(errors.every((error) => error === failure))
    }
  },
)

void t.test('LIFE-4 a connection that is to end after many redirects is ended once', async (t) => {
  const server = createServer((request, response) => {
    // The bridge of an adapter does the same for each redirect.
    response.setMaxListeners(0)
    let message = request
    for (let redirects = 0; redirects <= 10; redirects += 1) {
      const redirected = new Exchange(message, response, { native: message, mount: '' })
      redirected.endConnectionIf(() => true)
      redirected.redirect({ type: 'local-redirect', location: '/' }, (next) => {
        message = next
      })
    }
    response.end('answered')
  })
  t.after(() => server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has an address of this kind.
  const { port } = server.address() as AddressInfo
  const warnings: Error[] = []
  const warn = (warning: Error): unknown => warnings.push(warning)
  process.on('warning', warn)
  t.after(() => process.off('warning', warn))
  const text = await exchange(port, 'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.match(text, /answered$/)
  assert.deepEqual(warnings, [])
})

/** An exchange whose request came on no connection. */
function createExchange(method = 'GET'): [Exchange, IncomingMessage, ServerResponse] {
  const message = new IncomingMessage(new Socket())
  Object.assign(message, { method, url: '/cgi-bin/a.cgi', httpVersion: '1.1', httpVersionMajor: 1 })
  const response = new ServerResponse(message)
  return [
    new Exchange(message, response, { native: message, mount: '/cgi-bin' }),
    message,
    response,
  ]
}

void t.test(
  'LIFE-1 the signal of an exchange is aborted when its response closes unanswered',
  async () => {
    const [{ request }, , response] = createExchange()
    assert.equal(request.signal.aborted, false)
    response.emit('close')
    assert.equal(request.signal.aborted, true)
  },
)

void t.test(
  'RES-2 redirect() makes a GET with the same response, which knows where it comes from',
  async () => {
    const [first, message, response] = createExchange('POST')
    response.setHeader('x-guard', 'a')
    response.setHeader('set-cookie', ['a=b'])
    const made: IncomingMessage[] = []
    first.redirect({ type: 'local-redirect', location: '/b?c' }, (next) => made.push(next))
    const [next] = made
    assert.ok(next !== undefined && next !== message)
    assert.deepEqual([next.method, next.url, next.complete], ['GET', '/b?c', true])
    assert.deepEqual(response.getHeaderNames(), ['set-cookie'])
    const { request } = new Exchange(next, response, { native: next, mount: '' })
    assert.deepEqual(request.localRedirects, { count: 1, from: '/cgi-bin/a.cgi' })
    assert.equal(request.originalUrl, '/cgi-bin/a.cgi')
    assert.equal(clientRequestOf(next), message)
  },
)

void t.test(
  'RES-2 redirect() needs a server, or a function that hands the request on',
  async () => {
    const [watched] = createExchange()
    const redirect = { type: 'local-redirect', location: '/b' } as const
    assert.throws(() => watched.redirect(redirect), /came through no server/)
  },
)

void t.test('RES-2 redirect() does nothing once the response is closed', async () => {
  const [watched, , response] = createExchange()
  response.destroy()
  watched.redirect({ type: 'local-redirect', location: '/b' }, () => assert.fail())
})

void t.test('RES-2 redirect() does nothing once the client has gone', async () => {
  const [watched, , response] = createExchange()
  // HTTP/2: the response is closed, but not destroyed.
  response.emit('close')
  assert.equal(response.destroyed, false)
  watched.redirect({ type: 'local-redirect', location: '/b' }, () => assert.fail())
})

void t.test('LIM-4 send() discards a body where the application has answered', async () => {
  const [watched, , response] = createExchange()
  response.writeHead(204)
  const body = new Readable({ read() {} })
  await watched.send({ type: 'response', status: 200, reason: 'OK', headers: [], body })
  assert.ok(body.destroyed)
})

void t.test(
  'RES-9 restoreLists() unites what was set after prepare() with the lists of the script',
  async () => {
    const [watched, , response] = createExchange()
    const headers = [
      ['Vary', 'Accept'],
      ['X-A', 'b'],
    ] as const
    watched.prepare(
      { type: 'response', status: 201, reason: 'Made', headers, body: null },
      response,
    )
    assert.deepEqual([response.statusCode, response.statusMessage], [201, 'Made'])
    response.setHeader('Vary', 'Origin')
    response.setHeader('X-A', 'c')
    watched.restoreLists(response)
    assert.equal(response.getHeader('vary'), 'Origin, Accept')
    assert.equal(response.getHeader('x-a'), 'c')
  },
)
