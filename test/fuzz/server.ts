import fc from 'fast-check'
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { dial, exchange, readToEnd } from '../support/client.js'
import { openLiveHost, startExpress, startFastify, startNodeHttp } from './live-hosts.js'
import { createWorldProperty, type Property } from './property.js'
import { location, output, respond } from './response.js'
import { readResponses } from './response-stream.js'
import { mutated } from './text.js'

const method = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('GET', 'POST', 'HEAD', 'PUT') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'get', ''),
  },
)
const strangeTarget = fc.constantFrom(
  '/cgi-bin/echo.cgi/info?query',
  '/cgi-bin/echo.cgi?%',
  '/cgi-bin/echo.cgi/%00',
  '/cgi-bin/%65cho.cgi',
  '/cgi-bin',
  '/cgi-bin/',
  '/cgi-bin/../cgi-bin/echo.cgi',
  '/cgi-bin/echo.cgi/\xe9',
  '/cgi-bin/missing',
  '//cgi-bin/echo.cgi',
  '/%',
  '/',
  '*',
  '',
  'http://www.example.org/cgi-bin/echo.cgi',
  'http://[/cgi-bin/echo.cgi',
  'www.example.org:80',
)
const target = fc.oneof(
  { weight: 1, arbitrary: fc.constant('/cgi-bin/echo.cgi') },
  { weight: 1, arbitrary: strangeTarget },
)
const version = fc.oneof(
  { weight: 12, arbitrary: fc.constant('HTTP/1.1') },
  { weight: 2, arbitrary: fc.constantFrom('HTTP/1.0', 'HTTP/2.0', 'HTTP/0.9', 'HTTP/1.1 ', '') },
)
const field = fc.constantFrom(
  'Host: a',
  'Host: b/c',
  'Host:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  'Content-Length: 5',
  'Content-Length: 5, 5',
  'Content-Length: 2000',
  'Content-Length: -1',
  'Content_Length: 3',
  'Content-Length : 5',
  'Transfer-Encoding: chunked',
  'Transfer-Encoding: identity',
  'Transfer-Encoding: gzip, chunked',
  'Transfer-Encoding : chunked',
  'transfer-encoding: Chunked',
  'Expect: 100-continue',
  'Expect: something',
  'Content-Type: application/json',
  'Content-Type: ;',
  'Content-Type: application/x-www-form-urlencoded',
  'Proxy: http://other/',
  'Range: bytes=0-1',
  'If-None-Match: *',
  'X-Forwarded-For: \xff',
  'X-A: b\r\n folded',
  '__proto__: a',
  'Cookie: a=b',
)
/** Content with the fields that say how long it is, or do not quite. */
const framed = fc.oneof(
  { weight: 3, arbitrary: fc.constant<readonly string[]>(['', '']) },
  {
    weight: 4,
    arbitrary: fc.constantFrom<readonly string[]>(
      ['Content-Length: 5', 'hello'],
      ['Content-Length: 5', 'hello'],
      ['Transfer-Encoding: chunked', '5\r\nhello\r\n0\r\n\r\n'],
      ['Transfer-Encoding: chunked', '5;a=b\r\nhello\r\n0\r\nTrailer: a\r\n\r\n'],
      ['Content-Length: 2000', 'x'.repeat(2000)],
      ['Transfer-Encoding: chunked', `7d0\r\n${'x'.repeat(2000)}\r\n0\r\n\r\n`],
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom<readonly string[]>(
      ['Content-Length: 5', 'hel'],
      ['Content-Length: 3', 'hello'],
      ['Transfer-Encoding: chunked', '5\r\nhello'],
      ['Transfer-Encoding: chunked', 'ffffffffffffffffff\r\n'],
      ['Transfer-Encoding: chunked', '-5\r\nhello\r\n0\r\n\r\n'],
      ['Content-Length: 5\r\nTransfer-Encoding: chunked', '0\r\n\r\n'],
      ['X-A: b', 'GET /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\n\r\n'],
    ),
  },
)
const fields = fc.oneof(
  { weight: 2, arbitrary: fc.constant<string[]>([]) },
  { weight: 1, arbitrary: fc.array(field, { maxLength: 3 }) },
)
const request = fc
  .tuple(method, target, version, fields, framed)
  .map(([verb, path, http, others, [framing = '', content = '']]) => {
    const lines = [`${verb} ${path} ${http}`, 'Host: a', ...others, framing]
    return `${lines.filter(Boolean).join('\r\n')}\r\n\r\n${content}`
  })

/** What a client sends on one connection, nearly valid. */
const requests = mutated(
  fc.array(request, { minLength: 1, maxLength: 2 }).map((each) => each.join('')),
)

const LAST = 'GET /cgi-bin/echo.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'

/** In milliseconds; much more than the script takes. */
const LONGEST_WAIT = 400

type World = Awaited<ReturnType<typeof openLiveHost>>

async function assertAlive(world: World): Promise<void> {
  const [answer] = readResponses(await exchange(world.port, LAST))
  assert.equal(answer?.content, 'echoed')
  world.assertNoFailure()
}

/** Whatever comes, it is answered in responses that a client can read, or not at all. */
async function assertAnswers(bytes: string, world: World): Promise<void> {
  const socket = await dial(world.port)
  socket.write(Buffer.from(bytes + LAST, 'latin1'))
  // Ends the connection for a server that waits for more of a body.
  const timer = setTimeout(() => socket.end(), LONGEST_WAIT)
  const received = await readToEnd(socket)
  clearTimeout(timer)
  const responses = readResponses(received)
  for (const { status } of responses) assert.notEqual(status, 500)
  for (const { isCut } of responses.slice(0, -1)) assert.ok(!isCut)
  world.assertNoFailure()
}

/** Whatever a script prints, its client gets a response that can be read, or is cut off. */
async function assertServes({ hints, text: given }: Printed, world: World): Promise<void> {
  const head = respond(given)
  writeFileSync(world.output, hints + given, 'latin1')
  const sent = 'GET /cgi-bin/say.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
  const received = readResponses(await exchange(world.port, sent))
  const [answer, ...others] = received.filter(({ status }) => status !== 103)
  world.assertNoFailure()
  assert.deepEqual(others, [])
  if (head === null) {
    assert.equal(answer?.status, 502)
  } else if (head.type === 'local-redirect') {
    // The whole application has been asked again, and has no such page.
    assert.ok(answer !== undefined && [200, 308, 400, 403, 404].includes(answer.status))
  } else if (answer !== undefined) {
    assert.equal(answer.status, head.status)
    const values = head.headers.filter(([name]) => name.toLowerCase() === 'x-a')
    assert.deepEqual(
      answer.fields.get('x-a') ?? [],
      values.map(([, value]) => value),
    )
  }
}

/** What a script prints, and the early hints before it (RFC 8297), which change nothing of the rest. */
interface Printed {
  readonly hints: string
  readonly text: string
}

/** Redirects are rare among what scripts print by chance. */
const text = fc.oneof(
  { weight: 3, arbitrary: output },
  { weight: 1, arbitrary: location.map((path) => `Location: ${path}\n\n`) },
)

const hints = fc.oneof(
  { weight: 3, arbitrary: fc.constant('') },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Status: 103\n\n',
      'Status: 103 Early Hints\nLink: </a.css>; rel=preload\n\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nLink: b\r\n\r\n',
      'Status: 103\nLink: <\xe9>; rel="\n\nStatus: 103\nX-A: b\nLink: \n\n',
    ),
  },
)
const printed: fc.Arbitrary<Printed> = fc.record({ hints, text })

export const serverProperties: readonly Property[] = [
  { framework: 'node:http', start: startNodeHttp },
  { framework: 'Express', start: startExpress },
  { framework: 'Fastify', start: startFastify },
].flatMap(({ framework, start }) => {
  const world = {
    open: () => openLiveHost(start),
    async settle(host: World): Promise<void> {
      await assertAlive(host)
      await host.assertNothingLeft()
    },
    close: (host: World) => host.close(),
  }
  return [
    createWorldProperty({
      ...world,
      name: `BODY-6 ${framework} answers whatever a client sends, and lives on`,
      cost: 50,
      input: requests,
      holds: assertAnswers,
    }),
    createWorldProperty({
      ...world,
      name: `HDR-1 ${framework} answers whatever a script prints, and lives on`,
      cost: 100,
      input: printed,
      holds: assertServes,
    }),
  ]
})
