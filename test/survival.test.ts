import { strict as assert } from 'node:assert'
import t from 'tap'
import { adapters, type RunningGateway } from './support/adapters.js'
import { dial, exchange, send, type Sending } from './support/client.js'
import { CGI_BIN, saying } from './support/fixtures.js'
import { childrenOf, descriptorsOf, until } from './support/processes.js'

/** What has made hosts of CGI scripts crash, hang or lose track. Each with the status it must get. */
const REQUESTS: readonly (readonly [
  what: string,
  url: string,
  status: number | readonly number[],
  sending?: Sending,
])[] = [
  // No script has such a name; Fastify's router refuses it before.
  ['an escape that is not UTF-8', '/cgi-bin/%ff', [400, 404]],
  ['an escape that is none', '/cgi-bin/%', 400],
  ['a NUL', '/cgi-bin/say.cgi%00', 400],
  ['a path of slashes', '//', 404],
  ['a path of slashes below the mount', '/cgi-bin//', 404],
  ['a name that is too long', `/cgi-bin/${'x'.repeat(5_000)}`, 404],
  ['a header name with a blank', saying('Bad Name: x\n\n'), 502],
  ['a header name of other characters', saying('N\xe4me: x\n\n'), 502],
  ['no header name', saying(': x\n\n'), 502],
  ['no colon', saying('hello\n\n'), 502],
  ['a control character', saying('A: \x01\n\n'), 502],
  ['a NUL in a value', saying('A: \0\n\n'), 502],
  ['UTF-8 in a value', saying('Content-Type: text/plain\nA: h\u00e9llo \u4f60\n\n'), 200],
  ['a status that is none', saying('Status: 99\n\n'), 502],
  ['a status of words', saying('Status: OK\n\n'), 502],
  ['a reason of bytes', saying(Buffer.from('Status: 200 \xe9\n\n', 'latin1')), 200],
  ['an empty answer', saying(''), 502],
  ['half a header', saying('Content-Type'), 502],
  ['a body where there is none', saying('Status: 204\n\nbody'), 204],
  ['an unread body', '/cgi-bin/ignore-input.cgi', 200, upload(3 * 1024 * 1024)],
  ['a closed input', '/cgi-bin/close-input.cgi', 200, upload(3 * 1024 * 1024)],
  ['a flood of errors', '/cgi-bin/flood-errors.cgi', 200],
  ['a missing interpreter', '/cgi-bin/no-interpreter.cgi', 500],
  ['no program', '/cgi-bin/no-format.cgi', 500],
  ['a crash', '/cgi-bin/kill-itself-early.cgi', 502],
  ['a loop of redirects', '/cgi-bin/loop.cgi', 502],
  ['an endless header', '/cgi-bin/endless-header.cgi', 502],
]

function upload(size: number): Sending {
  return { method: 'POST', body: Buffer.alloc(size, 'x') }
}

/** Clients that leave: in the middle of a header, of a body, of a response. */
const LEAVERS = [
  'GET /cgi-bin/endless.cgi HTTP/1.1\r\nHost: a\r\n\r\n',
  'GET /cgi-bin/wait.cgi HTTP/1.1\r\nHost: a\r\n\r\n',
  'POST /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf',
  'POST /cgi-bin/digest.cgi HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal',
  'GET /cgi-bin/say.cgi HTT',
]

for (const adapter of adapters) {
  void t.test(`the host survives (${adapter.name})`, async (t) => {
    let gateway: RunningGateway
    t.before(async () => {
      gateway = await adapter.start({ options: { root: CGI_BIN, killTimeout: 500 } })
    })
    t.after(() => gateway.close())

    void t.test('LIFE-1 whatever requests and scripts do, nothing is left behind', async () => {
      await send(gateway, '/plain')
      const children = childrenOf(process.pid).length
      const descriptors = descriptorsOf(process.pid).length
      const pid = process.pid

      for (let round = 0; round < 3; round += 1) {
        const asked = REQUESTS.map(async ([what, url, status, sending]) => {
          const answer = await send(gateway, url, sending)
          assert.ok([status].flat().includes(answer.status), `${what}: ${answer.status}`)
        })
        const left = LEAVERS.map(async (request) => {
          const socket = await dial(gateway)
          socket.write(request, () => socket.destroy())
        })
        await Promise.all([...asked, ...left])
      }

      assert.equal((await send(gateway, '/plain?alive')).text, 'plain GET alive')
      assert.equal((await send(gateway, saying('Status: 200\n\nalive'))).text, 'alive')
      assert.equal(process.pid, pid)
      await until(() => childrenOf(pid).length <= children, 'no child process is left')
      await until(() => descriptorsOf(pid).length <= descriptors, 'no descriptor is left')
    })

    void t.test('LIM-2 no slot is lost', async (t) => {
      const own = await adapter.start({
        options: { root: CGI_BIN, maxProcesses: 2, killTimeout: 500 },
      })
      t.after(() => own.close())
      for (const [, url, , sending] of REQUESTS) await send(own, url, sending)
      for (const request of LEAVERS) {
        const socket = await dial(own)
        socket.write(request, () => socket.destroy())
      }
      // Were a slot lost, one of the two would wait for ever.
      const pair = `GET ${saying('Status: 200\n\nalive')} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
      const answers = await Promise.all([exchange(own, pair), exchange(own, pair)])
      for (const answer of answers) assert.match(answer, /alive/)
    })
  })
}
