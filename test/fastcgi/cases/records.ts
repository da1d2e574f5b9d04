import assert from 'node:assert/strict'
import { type Case, HEADER, says } from '../case.js'
import { endRecord, record, TYPE } from '../records.js'
import { type Call, nextTurn } from '../scripted-upstream.js'

const PROTOCOL = { status: 502, code: 'CGI_ERR_UPSTREAM_PROTOCOL' } as const

const ENOUGH = 'x'.repeat(3_000)

/** A header whose body has no length, so that a client can tell only by the cut that it is not whole. */
const begun = (call: Call): Call => call.stdout(`${HEADER}begun`)

/** Each way in which bytes of whole records may arrive. */
const ARRIVALS: readonly Case[] = [
  ...[1, 2, 3, 7, 8, 9, 13].map(
    (size): Case => ({
      name: `UP-2 an answer in segments of ${size} bytes`,
      upstreams: [
        async (call) => {
          const parts = [call.stdoutBytes(HEADER, 3), call.stdoutBytes('whole'), call.endBytes()]
          await call.split(Buffer.concat(parts), size)
          call.finish()
        },
      ],
      expected: { text: 'whole' },
    }),
  ),
  {
    name: 'UP-2 a record for each byte',
    upstreams: [
      (call) => {
        for (const byte of `${HEADER}each`) call.stdout(byte)
        call.end()
      },
    ],
    expected: { text: 'each' },
  },
  {
    name: 'UP-2 the largest record there is',
    upstreams: [(call) => void call.stdout(HEADER).stdout('x'.repeat(65_535), 255).end()],
    expected: { text: 'x'.repeat(65_535) },
  },
  ...[1, 7, 8, 255].map(
    (padding): Case => ({
      name: `UP-2 ${padding} bytes of padding behind each record`,
      upstreams: [
        (call) => {
          call.stdout(HEADER, padding).stdout('padded', padding).stdout('', padding)
          call.stderr('', padding)
          call.raw(endRecord(0, 0, { id: call.id, padding })).finish()
        },
      ],
      expected: { text: 'padded' },
    }),
  ),
  {
    name: 'UP-2 an empty STDOUT in the middle is not the end',
    upstreams: [(call) => void call.stdout(HEADER).stdout('be').stdout('').stdout('hind').end()],
    expected: { text: 'behind' },
  },
  {
    name: 'UP-2 the end of STDOUT need not be marked',
    upstreams: [(call) => void call.stdout(`${HEADER}unmarked`).end()],
    expected: { text: 'unmarked' },
  },
  {
    name: 'UP-2 END_REQUEST comes later than the end of STDOUT',
    upstreams: [
      async (call) => {
        call.stdout(`${HEADER}late`).stdout('')
        await nextTurn()
        await nextTurn()
        call.end()
      },
    ],
    expected: { text: 'late' },
  },
  {
    name: 'UP-2 bytes behind END_REQUEST are no part of the answer',
    upstreams: [
      (call) => {
        call.stdout(`${HEADER}right`).raw(call.endBytes()).stdout('wrong').raw(call.endBytes())
        call.finish()
      },
    ],
    expected: { text: 'right' },
  },
  {
    name: 'UP-2 garbage behind END_REQUEST is no part of the answer',
    upstreams: [
      (call) => call.stdout(`${HEADER}right`).raw(call.endBytes()).raw('garbage').finish(),
    ],
    expected: { text: 'right' },
  },
  ...[2, 99].map(
    (type): Case => ({
      name: `UP-2 a record of the unknown type ${type + 20} is skipped by its length`,
      upstreams: [
        (call) => {
          const unknown = record(type + 20, 'no part of it', { id: call.id, padding: 5 })
          call.raw(unknown).stdout(HEADER).raw(unknown).stdout('known').raw(unknown).end()
        },
      ],
      expected: { text: 'known' },
    }),
  ),
  {
    name: 'UP-2 management records are skipped',
    upstreams: [
      (call) => {
        const values = record(TYPE.GET_VALUES_RESULT, '\x0e\x01FCGI_MAX_CONNS1', { id: 0 })
        const unknown = record(TYPE.UNKNOWN_TYPE, '\x09\0\0\0\0\0\0\0', { id: 0 })
        call.raw(values).stdout(HEADER).raw(unknown).stdout('managed').raw(values).end()
      },
    ],
    expected: { text: 'managed' },
  },
]

/** What is no FastCGI, each before the header and in the body. */
const FAULTS: readonly (readonly [what: string, bytes: (call: Call) => Buffer])[] = [
  ['version 0', (call) => record(TYPE.STDOUT, ENOUGH, { id: call.id, version: 0 })],
  ['version 2', (call) => record(TYPE.STDOUT, ENOUGH, { id: call.id, version: 2 })],
  ['the id of another request', (call) => record(TYPE.STDOUT, ENOUGH, { id: call.id + 1 })],
  ['the id 65535', () => record(TYPE.STDOUT, ENOUGH, { id: 65_535 })],
  ['the end of another request', (call) => endRecord(0, 0, { id: call.id + 1 })],
  ['an END_REQUEST of 0 bytes', (call) => record(TYPE.END_REQUEST, '', { id: call.id })],
  ['an END_REQUEST of 7 bytes', (call) => record(TYPE.END_REQUEST, '1234567', { id: call.id })],
  ['an END_REQUEST of 9 bytes', (call) => record(TYPE.END_REQUEST, '123456789', { id: call.id })],
  ['an answer of HTTP', () => Buffer.from('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n')],
  ['an alert of TLS', () => Buffer.from('1503030002022f00', 'hex')],
  ['an answer of CGI', () => Buffer.from(`${HEADER}${ENOUGH}`)],
]

const FAULTY: readonly Case[] = FAULTS.flatMap(([what, bytes]): Case[] => [
  {
    name: `UP-2 ${what} before the header is 502`,
    upstreams: [(call) => call.raw(bytes(call)).finish()],
    expected: { ...PROTOCOL, seen: [1] },
  },
  {
    name: `UP-2 ${what} in the body cuts the answer`,
    upstreams: [(call) => void begun(call).raw(bytes(call))],
    expected: { isCut: true, seen: [1] },
  },
])

const STATUSES: readonly Case[] = [
  {
    name: 'UP-1 an exit code of 3 behind a whole answer is logged',
    upstreams: [(call) => void call.stdout(`${HEADER}whole`).end(3)],
    expected: { text: 'whole', log: [/abnormally/] },
  },
  {
    name: 'UP-1 the largest exit code',
    upstreams: [(call) => void call.stdout(`${HEADER}whole`).end(0xff_ff_ff_ff)],
    expected: { text: 'whole' },
  },
  {
    name: 'UP-5 an end without an answer is 502, and never repeated',
    upstreams: [(call) => void call.end(), says('not called')],
    fastcgi: { retry: 'safe' },
    expected: { status: 502, code: 'CGI_ERR_NO_RESPONSE', seen: [1, 0] },
  },
  {
    name: 'UP-1 an end without an answer, with an exit code, is 502',
    upstreams: [(call) => void call.stderr('it failed\n').end(3)],
    expected: { status: 502, code: 'CGI_ERR_NO_RESPONSE', log: ['it failed'], seen: [1] },
  },
  {
    name: 'UP-2 UNKNOWN_ROLE is 502, and not repeated',
    upstreams: [(call) => void call.end(0, 3), says('not called')],
    expected: { ...PROTOCOL, seen: [1, 0] },
  },
  {
    name: 'UP-2 an unknown protocolStatus is 502, and not repeated',
    upstreams: [(call) => void call.end(0, 77), says('not called')],
    expected: { ...PROTOCOL, seen: [1, 0] },
  },
  {
    name: 'UP-2 OVERLOADED within the header is an error, and not repeated',
    upstreams: [(call) => void call.stdout('Content-Type: te').end(0, 2), says('not called')],
    async play({ send, upstreams }) {
      const { status } = await send('/')
      assert.ok(status === 502 || status === 503)
      assert.deepEqual(
        upstreams.map(({ calls }) => calls.length),
        [1, 0],
      )
    },
  },
  {
    name: 'UP-2 OVERLOADED in the body cuts the answer',
    upstreams: [(call) => void begun(call).end(0, 2), says('not called')],
    expected: { isCut: true, seen: [1, 0] },
  },
]

/** A connection that ends without END_REQUEST. */
const LOST: readonly Case[] = [
  {
    name: 'UP-2 a connection closed after the variables is 502',
    upstreams: [(call) => void call.connection.socket.end()],
    expected: { status: 502, code: 'CGI_ERR_NO_RESPONSE', seen: [1] },
  },
  {
    name: 'UP-2 a connection reset after the variables is 502',
    upstreams: [(call) => call.connection.reset()],
    expected: { status: 502, code: 'CGI_ERR_NO_RESPONSE', seen: [1] },
  },
  {
    name: 'UP-2 a connection closed within the header is 502',
    upstreams: [(call) => void call.stdout('Content-Type: text/').connection.socket.end()],
    expected: { status: 502, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed within a record is 502',
    upstreams: [
      (call) => void call.raw(call.stdoutBytes(ENOUGH).subarray(0, 100)).connection.socket.end(),
    ],
    expected: { status: 502, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed in the body cuts the answer',
    upstreams: [(call) => void begun(call).connection.socket.end()],
    expected: { isCut: true, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed behind the end of STDOUT cuts the answer',
    upstreams: [(call) => void begun(call).stdout('').connection.socket.end()],
    expected: { isCut: true, seen: [1] },
  },
  {
    name: 'UP-2 a connection reset in the body cuts the answer',
    upstreams: [
      async (call) => {
        begun(call)
        await nextTurn()
        await nextTurn()
        call.connection.reset()
      },
    ],
    expected: { isCut: true, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed within END_REQUEST cuts the answer',
    upstreams: [
      (call) => void begun(call).raw(call.endBytes().subarray(0, 12)).connection.socket.end(),
    ],
    expected: { isCut: true, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed before Content-Length is reached cuts the answer',
    upstreams: [(call) => void call.stdout('Content-Length: 9\n\nbegun').connection.socket.end()],
    expected: { isCut: true, seen: [1] },
  },
  {
    name: 'UP-2 a connection closed when Content-Length is reached is a whole answer',
    upstreams: [(call) => void call.stdout('Content-Length: 5\n\nwhole').connection.socket.end()],
    expected: { text: 'whole', seen: [1] },
  },
  {
    name: 'UP-2 the sending side closed behind END_REQUEST is a whole answer',
    upstreams: [
      (call) => {
        call.stdout(`${HEADER}whole`).raw(call.endBytes()).connection.answered()
        call.connection.socket.end()
      },
    ],
    expected: { text: 'whole' },
  },
]

/** Two requests, one after the other, on what should or should not be one connection. */
const KEPT: readonly Case[] = [
  {
    name: 'UP-2 a connection is not kept, and is closed, by default',
    upstreams: [says('one')],
    async play({ send, upstream }) {
      await send('/a')
      await send('/b')
      assert.deepEqual(
        upstream.calls.map(({ keepsConnection }) => keepsConnection),
        [false, false],
      )
      assert.equal(upstream.connections.length, 2)
    },
  },
  {
    name: 'UP-2 keepAlive: a connection takes one request after the other',
    upstreams: [says('one')],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      for (const path of ['/a', '/b', '/c']) assert.equal((await send(path)).text, 'one')
      assert.equal(upstream.connections.length, 1)
      assert.ok(upstream.calls.every(({ keepsConnection }) => keepsConnection))
    },
  },
  {
    name: 'UP-2 a second END_REQUEST: the connection is not used again',
    upstreams: [(call) => void call.stdout(`${HEADER}${call.path}`).end().raw(call.endBytes())],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      for (const path of ['/a', '/b', '/c']) assert.equal((await send(path)).text, path)
      assert.equal(upstream.connections.length, 3)
    },
  },
  {
    name: 'UP-2 an answer behind END_REQUEST is nobody’s',
    upstreams: [
      (call) => void call.stdout(`${HEADER}${call.path}`).end().stdout(`${HEADER}leak`).end(),
    ],
    fastcgi: { keepAlive: true },
    async play({ send }) {
      for (const path of ['/a', '/b', '/c']) assert.equal((await send(path)).text, path)
    },
  },
  {
    name: 'UP-2 bytes on an idle connection: it is not used again',
    upstreams: [(call) => void call.stdout(`${HEADER}${call.path}`).end()],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      assert.equal((await send('/a')).text, '/a')
      const { connection } = await upstream.call(0)
      connection.write(Buffer.concat([record(TYPE.STDOUT, `${HEADER}leak`), endRecord(0, 0)]))
      await connection.closed
      assert.equal((await send('/b')).text, '/b')
      assert.equal(upstream.connections.length, 2)
    },
  },
  {
    name: 'UP-2 a record that has begun behind END_REQUEST: the connection is not used again',
    upstreams: [
      (call) => {
        call.stdout(`${HEADER}${call.path}`).end().raw(call.stdoutBytes('leak').subarray(0, 10))
      },
    ],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      for (const path of ['/a', '/b']) assert.equal((await send(path)).text, path)
      assert.equal(upstream.connections.length, 2)
    },
  },
  {
    name: 'UP-2 an upstream that closes although it was to keep the connection',
    upstreams: [(call) => void call.answer(call.path).connection.socket.end()],
    fastcgi: { keepAlive: true },
    async play({ send, upstream }) {
      for (const path of ['/a', '/b']) assert.equal((await send(path)).text, path)
      assert.equal(upstream.connections.length, 2)
    },
  },
]

export const recordCases: readonly Case[] = [...ARRIVALS, ...FAULTY, ...STATUSES, ...LOST, ...KEPT]
