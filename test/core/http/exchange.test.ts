import { CgiError } from '@common-gateway/core'
import { Exchange } from '@common-gateway/core/adapter'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import t from 'tap'
import { exchange, readToEnd } from '../../client.js'
import { createTemporaryFolder } from '../temporary-folder.js'

void t.test(
  'RES-6 a script fails behind a socket of the file system, HTTP/1.0: only the connection ends',
  async (t) => {
    const file = path.join(createTemporaryFolder(t), 'server')
    const failure = new CgiError('CGI_ERR_KILLED')
    const heard: unknown[] = []
    const server = createServer((request, response) => {
      const body = new Readable({ read() {} })
      body.push('begun')
      response.once('pipe', () => setImmediate(() => body.destroy(failure)))
      const answer = { type: 'response', status: 200, reason: 'OK', headers: [], body } as const
      new Exchange(request, response, { native: request, mount: '' })
        .send(answer)
        .catch((error: unknown) => heard.push(error))
    })
    server.listen(file)
    await once(server, 'listening')
    t.after(() => server.close())

    // The first one must not have taken the host with it.
    for (const failures of [1, 2]) {
      const socket = connect(file)
      socket.write('GET / HTTP/1.0\r\n\r\n')
      assert.match(await readToEnd(socket), /^HTTP\/1\.1 200 OK\r\n/)
      assert.equal(heard.length, failures)
      assert.ok(heard.every((each) => each === failure))
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
