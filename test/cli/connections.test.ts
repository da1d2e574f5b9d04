import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import path from 'node:path'
import t from 'tap'
import { fileURLToPath } from 'node:url'
import {
  dial,
  exchange,
  open,
  openHttp2,
  openSession,
  readUntil,
  receive,
} from '../support/client.js'
import { NO_HANG } from './command.js'
import { createSite } from './site.js'
import { serve, serveArguments } from './served-folder.js'

const TLS = ['certificate', 'key'].map((name) =>
  fileURLToPath(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url)),
)
const [CERTIFICATE = '', KEY = ''] = TLS
const SECURE = ['--tls-cert', CERTIFICATE, '--tls-key', KEY]

const PAGE = { 'page.html': 'page' }
const REQUEST = 'GET /page.html HTTP/1.1\r\nHost: a\r\n\r\n'
const HALF_HEADER = 'GET /page.html HTTP/1.1\r\nHost: a\r\n'

/** Says that it runs, and waits for the file `go` before it ends its answer. */
const WAITING = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\nbegun\\n'
while [ ! -e ../go ]; do sleep 0.02; done
echo done
`

/** A connection on which the server has closed its side, or reset it. */
function closed(socket: Socket): Promise<unknown> {
  socket.resume()
  return socket.closed ? Promise.resolve() : new Promise((resolve) => socket.once('close', resolve))
}

void t.test(
  'stopping ends at once what has no request under way, and waits for what has',
  NO_HANG,
  async (t) => {
    for (const args of [[], SECURE]) {
      const folder = createSite(t, { ...PAGE, 'cgi-bin/waiting.sh': WAITING })
      const command = await serve(t, folder, ...args)
      const { port } = command
      const scheme = args.length > 0 ? 'https' : 'http'
      const peer = { port, scheme } as const
      const silent = await dial(port)
      const connections = [
        silent,
        await dial(peer),
        await dial(peer),
        await dial(peer),
        await dial(peer),
      ]
      t.after(() => connections.forEach((each) => each.destroy()))
      const [, , half, kept, keptAndHalf] = connections
      half?.write(HALF_HEADER)
      kept?.write(REQUEST)
      keptAndHalf?.write(REQUEST)
      for (const each of [kept, keptAndHalf]) if (each) await readUntil(each, /page$/)
      keptAndHalf?.write(HALF_HEADER)
      const responses = [await open({ ...peer, httpVersion: 1 }, '/cgi-bin/waiting.sh')]
      const ends = connections.map(closed)
      if (scheme === 'https') {
        const session = openSession(peer)
        await receive(await openHttp2(session, '/page.html'))
        ends.push(once(session, 'close'))
        responses.push(await open({ ...peer, httpVersion: 2 }, '/cgi-bin/waiting.sh'))
      }
      // Read as they come: Node's client forgets what of a stream is unread when its connection ends.
      const answers = Promise.all(responses.map(receive))
      const stopped = command.stop()
      // The scripts would be cut off if it took the ten seconds that they have.
      await Promise.all(ends)
      writeFileSync(path.join(folder, 'go'), '')
      for (const { text } of await answers) assert.equal(text, 'begun\ndone\n')
      await stopped
    }
  },
)

/** Long enough for a handshake on a busy machine. The command gives its clients 30 seconds. */
const CLIENT_TIMEOUT = 3_000

void t.test(
  'LIM-1 a client that never ends its header, or says nothing, is cut off',
  NO_HANG,
  async (t) => {
    const folder = createSite(t, PAGE)
    const args = [folder, '--port', '0']
    const limits = { clientTimeout: CLIENT_TIMEOUT }
    const plain = await serveArguments(t, args, limits)
    const secure = await serveArguments(t, [...args, ...SECURE], limits)
    const silent = [
      await dial(plain.port),
      await dial(secure.port),
      await dial({ port: secure.port, scheme: 'https' }),
    ]
    const slow = [await dial(plain.port), await dial({ port: secure.port, scheme: 'https' })]
    const timer = setInterval(() => slow.forEach((each) => each.write('X-A: 1\r\n')), 100)
    t.after(() => clearInterval(timer))
    for (const each of slow) each.write(HALF_HEADER)
    const session = openSession({ port: secure.port, scheme: 'https' })
    await receive(await openHttp2(session, '/page.html'))
    await Promise.all([...silent.map(closed), ...slow.map(closed), once(session, 'close')])
    const line = /^\S+ - +- +408 .+/
    await plain.outputs(line)
    await plain.outputs(/^ +error: the request header did not arrive in time$/)
    await secure.outputs(line)
    // Browsers connect ahead of need.
    assert.equal(plain.output.match(/ 408 /g)?.length, 1)
  },
)

void t.test('what is no request is refused, and a line of the log', NO_HANG, async (t) => {
  const folder = createSite(t, PAGE)
  const command = await serve(t, folder)
  const json = await serve(t, folder, '--log', 'json')
  const answers: [sent: string, status: number, line: RegExp, error: RegExp][] = [
    ['nonsense\r\n\r\n', 400, / - +- +400 /, /not an HTTP request: .+/],
    ['FETCH /a HTTP/1.1\r\nHost: a\r\n\r\n', 400, / FETCH \/a +400 /, /not an HTTP request: .+/],
    [
      'GET /b HTTP/1.1\r\nHost: a\r\nX y: z\r\n\r\n',
      400,
      / GET +\/b +400 /,
      /not an HTTP request: .+/,
    ],
    [
      `GET /c HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`,
      431,
      / 431 /,
      /the request header is too large/,
    ],
    [
      '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
      400,
      / - +- +400 /,
      /TLS handshake on a plain HTTP port: .+/,
    ],
    ['GET /\x1b[31m\x07 HTTP/1.1\r\n\r\n', 400, / 400 /, /not an HTTP request: .+/],
  ]
  for (const [sent, status, line, error] of answers) {
    const answer = await exchange(command.port, sent)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `), sent)
    await exchange(json.port, sent)
    await command.outputs(line)
    await command.outputs(new RegExp(`^ +error: ${error.source}$`))
  }
  const record = JSON.parse(await json.outputs(/"url":"\/b"/)) as Record<string, unknown>
  assert.equal(record['client'], '127.0.0.1')
  assert.deepEqual([record['event'], record['method'], record['status']], ['request', 'GET', 400])
  for (const { output } of [command, json]) {
    // oxlint-disable-next-line no-control-regex -- that there is none is what is looked for
    assert.doesNotMatch(output.replaceAll('\n', ''), /[\0-\x1f\x7f-\x9f]/)
  }
  // A body that is none belongs to its request.
  const known = command.output.length
  await exchange(
    command.port,
    `${REQUEST.replace('\r\n', '\r\nTransfer-Encoding: chunked\r\n')}x\r\n`,
  )
  await command.outputs(/ \/page\.html +/)
  await command.stop()
  const { output } = command
  assert.equal(output.slice(known).match(/^\d{4}-/gm)?.length, 1, output)
})

void t.test('plain HTTP on the TLS port gets an answer that says so', NO_HANG, async (t) => {
  const command = await serve(t, createSite(t, PAGE), ...SECURE)
  for (const sent of [REQUEST, 'POST /a HTTP/1.0\r\n\r\n', HALF_HEADER]) {
    const answer = await exchange(command.port, sent)
    assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.+\r\n\r\n400 .+https:\/\/\n$/s)
  }
  await command.outputs(/ - +- +400 /)
  await command.stop()
  assert.equal(command.output.match(/ 400 /g)?.length, 3)
  await command.outputs(/^ +error: plain HTTP request to an HTTPS port: /)
})
