import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { readUntil } from '../support/client.js'
import { saying } from '../support/fixtures.js'
import { descriptorsOf, until } from '../support/processes.js'
import { type Attack, type Attacker, statusesIn } from './attack.js'

const get = (path: string, version = '1.1'): string =>
  `GET ${path} HTTP/${version}\r\nHost: a\r\n\r\n`

const post = (path: string, fields: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`

const CHUNKED = 'Transfer-Encoding: chunked'
const LARGE = 'x'.repeat(256 * 1024)

/** How far an exchange has gone: what is sent, and what shows that the host has come to that point. */
interface Stage {
  readonly name: string
  readonly bytes: (attacker: Attacker) => string
  /** What must have been received. */
  readonly received?: RegExp
  /** What else must have come about. */
  readonly reached?: (attacker: Attacker) => Promise<void>
}

const STAGES: readonly Stage[] = [
  { name: 'before the request', bytes: () => '' },
  { name: 'in the request line', bytes: () => 'GET /cgi-bin/say.cgi HT' },
  { name: 'in a header field', bytes: () => 'GET /cgi-bin/say.cgi HTTP/1.1\r\nHost: a\r\nX-Ha' },
  {
    name: 'in a body of known length',
    bytes: () => `${post('/cgi-bin/echo.cgi', 'Content-Length: 100000')}half`,
    received: /half/,
  },
  {
    name: 'in a chunk',
    bytes: () => `${post('/cgi-bin/digest.cgi', CHUNKED)}5\r\nhal`,
  },
  {
    name: 'between chunks',
    bytes: () => `${post('/cgi-bin/digest.cgi', CHUNKED)}4\r\nhalf\r\n`,
  },
  {
    name: 'in the trailers',
    bytes: () => `${post('/cgi-bin/digest.cgi', CHUNKED)}4\r\nhalf\r\n0\r\nX-Tr`,
  },
  {
    name: 'while the body goes to a temporary file',
    bytes: () =>
      `${post('/cgi-bin/digest.cgi', CHUNKED)}${LARGE.length.toString(16)}\r\n${LARGE}\r\n`,
    reached: ({ host, site }) =>
      until(
        () => descriptorsOf(host.pid).some((each) => each.startsWith(site.temporary)),
        'there is a temporary file',
      ),
  },
  {
    name: 'before it continues',
    bytes: () => post('/cgi-bin/digest.cgi', 'Content-Length: 5\r\nExpect: 100-continue'),
    received: /^HTTP\/1\.1 100 Continue\r\n\r\n/,
  },
  {
    name: 'before the header of the answer',
    bytes: () => get('/cgi-bin/hang.cgi'),
    reached: (attacker) => attacker.untilBusy('running', 1),
  },
  {
    name: 'in the header of the answer',
    bytes: () => get(saying(`X-Long: ${'x'.repeat(200)}\n\n`, true)),
    reached: (attacker) => attacker.untilBusy('running', 1),
  },
  { name: 'in the answer', bytes: () => get('/cgi-bin/endless.cgi'), received: /y\ny\n/ },
  {
    name: 'in an answer of HTTP/1.0',
    bytes: () => get('/cgi-bin/endless.cgi', '1.0'),
    received: /y\ny\n/,
  },
  {
    name: 'in an answer that stands still',
    bytes: () => get('/cgi-bin/stream-until-told.cgi'),
    received: /waiting/,
  },
  {
    name: 'in an answer of a script that writes its header itself',
    bytes: () => get('/cgi-bin/nph-wait.cgi'),
    received: /waiting/,
  },
  {
    name: 'while an unread body is drained',
    bytes: () => `${post('/cgi-bin/ignore-input.cgi', 'Content-Length: 10000000')}${LARGE}`,
    received: /ignored/,
  },
  {
    name: 'while a refused body is drained',
    bytes: () => `${post('/cgi-bin/%ff', 'Content-Length: 10000000')}${LARGE}`,
  },
  {
    name: 'in a file that a script has named',
    bytes: ({ site }) => get(saying(`X-Sendfile: ${site.file}\n\n`)),
    received: /\r\n\r\n\0/,
  },
  {
    name: 'after a local redirect',
    bytes: () => get(saying('Location: /cgi-bin/stream-until-told.cgi\n\n')),
    received: /waiting/,
  },
  {
    name: 'during local redirects',
    bytes: () => get('/cgi-bin/loop.cgi'),
    reached: (attacker) => attacker.untilBusy('running', 1),
  },
  {
    name: 'while children hold the answer open',
    bytes: () => get('/cgi-bin/leave-children.cgi'),
    received: /\n\d+\n/,
  },
]

/** Brings an exchange to a stage. */
async function bring(attacker: Attacker, stage: Stage) {
  const socket = await attacker.dial()
  const received = stage.received && readUntil(socket, stage.received)
  await attacker.say(socket, stage.bytes(attacker))
  await received
  socket.pause()
  await stage.reached?.(attacker)
  return socket
}

const resets = STAGES.map(
  (stage): Attack => ({
    name: `a reset ${stage.name}`,
    source: 'LIFE-1; RFC 9293 section 3.5.3',
    async run(attacker) {
      const socket = await bring(attacker, stage)
      const closed = once(socket, 'close')
      socket.resetAndDestroy()
      await closed
    },
  }),
)

const halfCloses = STAGES.map(
  (stage): Attack => ({
    name: `a half-close ${stage.name}, and gone`,
    source: 'LIFE-5; RFC 9112 section 9.6',
    async run(attacker) {
      const socket = await bring(attacker, stage)
      await new Promise<void>((resolve) => socket.end(resolve))
      socket.destroy()
    },
  }),
)

/** Clients that take, or give, as little as they can. */
const slow: readonly Attack[] = [
  {
    name: 'a header byte by byte',
    source: 'CVE-2007-6750',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const close = 'Connection: close\r\n\r\n'
      const head = `GET ${saying('Status: 200\n\nslow')} HTTP/1.1\r\nHost: a\r\n${close}`
      socket.setNoDelay()
      for (const byte of head) await attacker.say(socket, byte)
      assert.match(await received, /slow/)
    },
  },
  {
    name: 'a body byte by byte',
    source: 'CVE-2007-6750',
    async run(attacker) {
      for (const framing of ['Content-Length: 200', CHUNKED]) {
        const socket = await attacker.dial()
        const received = attacker.readToEnd(socket)
        await attacker.say(socket, post('/cgi-bin/digest.cgi', `Connection: close\r\n${framing}`))
        const body = framing === CHUNKED ? `${'1\r\nx\r\n'.repeat(200)}0\r\n\r\n` : 'x'.repeat(200)
        for (const byte of body) await attacker.say(socket, byte)
        assert.match(await received, / 200\s/)
      }
    },
  },
  {
    name: 'large answers that are not read',
    source: 'CVE-2019-9517; RES-4',
    async run(attacker) {
      const sockets = await Promise.all(Array.from({ length: 4 }, () => attacker.dial()))
      for (const socket of sockets) {
        socket.pause()
        await attacker.say(socket, get('/cgi-bin/zeros.cgi?100000000').repeat(2))
      }
      await attacker.untilBusy('running', 4)
    },
  },
  {
    name: 'a body that never comes',
    source: 'RFC 9110 section 10.1.1',
    async run(attacker) {
      const sockets = await Promise.all(Array.from({ length: 20 }, () => attacker.dial()))
      for (const socket of sockets) {
        const continued = readUntil(socket, /^HTTP\/1\.1 100 Continue\r\n\r\n/)
        const fields = `${CHUNKED}\r\nExpect: 100-continue`
        await attacker.say(socket, post('/cgi-bin/digest.cgi', fields))
        await continued
      }
    },
  },
  {
    name: 'an expectation that is none',
    source: 'RFC 9110 section 10.1.1',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const fields = 'Connection: close\r\nContent-Length: 0\r\nExpect: a-miracle'
      await attacker.say(socket, post('/cgi-bin/digest.cgi', fields))
      assert.ok([200, 417].includes(statusesIn(await received)[0] ?? 0))
    },
  },
  {
    name: 'a hundred connections that say nothing',
    source: 'CVE-2007-6750',
    async run(attacker) {
      await Promise.all(Array.from({ length: 100 }, () => attacker.dial()))
    },
  },
]

/** Clients of HTTP/1.1 that leave, wait, or do not. */
export const connectionAttacks: readonly Attack[] = [...resets, ...halfCloses, ...slow]

/** More than may run at once; nothing else can be asked meanwhile. */
export const queueAttack: Attack = {
  name: 'a queue, and all clients gone in the middle of it',
  source: 'LIM-2',
  async run(attacker) {
    const sockets = await Promise.all(Array.from({ length: 40 }, () => attacker.dial()))
    for (const socket of sockets) await attacker.say(socket, get('/cgi-bin/hang.cgi'))
    await attacker.untilBusy('queued', 20)
    for (const socket of sockets.toReversed()) socket.resetAndDestroy()
  },
}

/** For a host with `killOnDisconnect: false`: everything that ends by itself. */
export const leavingAttacks: readonly Attack[] = [
  '/cgi-bin/work-on.cgi',
  '/cgi-bin/leave-children.cgi',
  '/cgi-bin/zeros.cgi?30000000',
  saying('Status: 200\n\nslowly', true),
  saying('Location: /cgi-bin/work-on.cgi\n\n'),
].flatMap((path) =>
  (['reset', 'half-close'] as const).map((way) => ({
    name: `a ${way} during ${path.slice(0, 40)}`,
    source: 'LIFE-1',
    async run(attacker) {
      const socket = await attacker.dial()
      await attacker.say(socket, get(path))
      await attacker.untilBusy('running', 1)
      if (way === 'reset') socket.resetAndDestroy()
      else socket.end()
    },
  })),
)
