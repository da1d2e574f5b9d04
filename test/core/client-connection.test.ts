import { CgiError, sendCgiResponse } from '@common-gateway/core'
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import path from 'node:path'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import { readToEnd } from '../client.js'
import { createTemporaryFolder } from './temporary-folder.js'

test('RES-6 a script fails behind a socket of the file system, HTTP/1.0: only the connection ends', async (t) => {
  const file = path.join(createTemporaryFolder(), 'server')
  const failure = new CgiError('CGI_ERR_KILLED')
  const heard: unknown[] = []
  const server = createServer((request, response) => {
    const body = new Readable({ read() {} })
    body.push('begun')
    response.once('pipe', () => setImmediate(() => body.destroy(failure)))
    const answer = { type: 'response', status: 200, reason: 'OK', headers: [], body } as const
    sendCgiResponse(answer, request, response).catch((error: unknown) => heard.push(error))
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
})
