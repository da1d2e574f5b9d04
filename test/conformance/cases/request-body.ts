import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  body,
  either,
  input,
  never,
  onlyResponse,
  refuses,
  refusesOrCloses,
  sequence,
  UNSET,
  variables,
} from '../expectations.js'
import { ask, chunked, get, keep, post, postChunks, rawRequest, REPORT } from '../requests.js'

const ALL_BYTES = String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))
const ECHO = '/cgi-bin/echo.cgi'
/** More than any buffer on the way holds. */
const BIG = 'big body '.repeat(200_000)

/** Bodies that must arrive as they were sent. */
const BODIES = [
  ['one byte', 'x'],
  ['a form', 'a=b&c=%20+d'],
  ['all bytes', ALL_BYTES],
  ['NUL bytes', '\0\0\0'],
  ['line ends of all kinds', 'a\nb\r\nc\rd\r\n\r\n'],
  ['what looks like a request', 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['what looks like a chunk', '3\r\nabc\r\n0\r\n\r\n'],
  ['blanks at both ends', '  a  '],
  ['a byte order mark', '\xef\xbb\xbfa'],
  ['an end-of-file character of DOS', 'a\x1ab'],
] as const

/** Chunks, and what is in them. */
const CHUNKS = [
  ['one chunk', chunked('body'), 'body'],
  ['a chunk for each byte', chunked('b', 'o', 'd', 'y'), 'body'],
  ['no chunk but the last', chunked(), ''],
  ['binary chunks', chunked(ALL_BYTES, '\r\n\r\n', '0\r\n\r\n'), `${ALL_BYTES}\r\n\r\n0\r\n\r\n`],
  ['sizes in capital letters', 'A\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
  ['sizes in small letters', 'a\r\n0123456789\r\n0\r\n\r\n', '0123456789'],
  ['sizes that begin with zeros', '0004\r\nbody\r\n000\r\n\r\n', 'body'],
  ['extensions', '4;a=b;c\r\nbody\r\n0;d="e f"\r\n\r\n', 'body'],
  ['trailer fields', '4\r\nbody\r\n0\r\nX-Trailer: a\r\nX-Other: b\r\n\r\n', 'body'],
] as const

export const requestBodyCases: readonly Case[] = table(
  'body',
  [
    {
      contract: 'BODY-1',
      source: 'RFC 3875 section 4.2',
      level: 'MUST',
      because: 'RFC 3875 section 4.2: the script reads CONTENT_LENGTH bytes, as they were sent.',
    },
    [
      ...BODIES.map(([what, bytes]) => ({
        title: `hands on ${what}`,
        request: post(REPORT, bytes),
        expect: input(bytes),
      })),
      {
        title: 'hands on a big body, and sends it back',
        request: post(ECHO, BIG),
        expect: all(answers(200), body(BIG)),
      },
      {
        title: 'hands on a body that comes in pieces',
        request: [
          {
            send: rawRequest(`POST ${REPORT} HTTP/1.1`, [
              'Host: a',
              'Connection: close',
              'Content-Length: 6',
            ]),
          },
          { send: 'ab' },
          { send: 'cd' },
          { send: 'ef' },
        ],
        expect: input('abcdef'),
      },
      {
        title: 'hands on a body of HTTP/1.0',
        request: rawRequest(`POST ${REPORT} HTTP/1.0`, ['Content-Length: 4'], 'body'),
        expect: input('body'),
      },
      {
        title: 'hands on no more than the length that was told',
        request: keep('POST', REPORT, ['Content-Length: 4'], 'body') + get(REPORT),
        expect: sequence([200, /input body\n/], [200, /input \n/]),
      },
      {
        title: 'ignores a line end after a body',
        level: 'SHOULD',
        source: 'RFC 9112 section 2.2',
        because:
          'RFC 9112 section 2.2: old clients sent a CRLF after a POST; a server should ignore it.',
        request: `${post(REPORT, 'body')}\r\n`,
        expect: input('body'),
      },
      {
        title: 'ends the input of a request without a body',
        request: get(REPORT),
        expect: input('', UNSET),
      },
      {
        title: 'ends the input of a body of no bytes',
        request: post(REPORT, ''),
        expect: either(input('', '0'), input('', UNSET)),
      },
      {
        title: 'ends the input of a POST that tells no length',
        source: 'RFC 9112 section 6.3, RFC 9110 section 8.6',
        request: ask('POST', REPORT),
        expect: either(input('', UNSET), input('', '0'), refuses(411)),
      },
      {
        title: 'leaves content codings alone, if CONTENT_LENGTH is right',
        contract: 'BODY-5',
        request: post(REPORT, '\x1f\x8b\x08not gzip', 'Content-Encoding: gzip'),
        expect: all(input('\x1f\x8b\x08not gzip'), variables({ HTTP_CONTENT_ENCODING: 'gzip' })),
      },
      ...[
        'application/json',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'text/plain',
      ].map((type) => ({
        title: `parses nothing of ${type}`,
        contract: 'BODY-5',
        request: post(REPORT, '{"a" : [1,  2]}\r\n', `Content-Type: ${type}`),
        expect: all(input('{"a" : [1,  2]}\r\n'), variables({ CONTENT_TYPE: type })),
      })),
    ],
  ],
  [
    {
      contract: 'BODY-2',
      source: 'RFC 3875 section 4.2, RFC 9112 section 7.1',
      level: 'MUST',
      because:
        'RFC 3875 section 4.2: the server must remove transfer-codings and recalculate CONTENT_LENGTH. To reject them (SHOULD, where that is not possible) leaves a client that cannot tell the length before, such as git, without an answer.',
    },
    [
      ...CHUNKS.map(([what, bytes, expected]) => ({
        title: `takes a chunked body of ${what}`,
        request: ask('POST', REPORT, ['Transfer-Encoding: chunked'], bytes),
        expect: expected === '' ? either(input('', '0'), input('', UNSET)) : input(expected),
      })),
      {
        title: 'takes a chunked body of a GET',
        request: ask('GET', REPORT, ['Transfer-Encoding: chunked'], chunked('body')),
        expect: either(input('body'), refuses(400)),
      },
      {
        title: 'takes a big chunked body',
        request: postChunks(ECHO, [BIG.slice(0, 1_000_000), BIG.slice(1_000_000)]),
        expect: all(answers(200), body(BIG)),
      },
      {
        title: 'takes chunked in capital letters',
        source: 'RFC 9112 section 7',
        request: ask('POST', REPORT, ['Transfer-Encoding: CHUNKED'], chunked('body')),
        expect: either(input('body'), refuses(400, 501)),
      },
      {
        title: 'makes no variables of trailer fields',
        source: 'RFC 9110 section 6.5.1',
        level: 'security' as const,
        because: 'RFC 9110 section 6.5.1: trailer fields must not be merged into the header.',
        request: ask(
          'POST',
          REPORT,
          ['Transfer-Encoding: chunked'],
          '4\r\nbody\r\n0\r\nX-Trailer: evil\r\nAuthorization: evil\r\n\r\n',
        ),
        expect: all(answers(200), never(/evil/)),
      },
      {
        title: 'takes chunks that come in pieces',
        request: [
          {
            send: rawRequest(`POST ${REPORT} HTTP/1.1`, [
              'Host: a',
              'Connection: close',
              'Transfer-Encoding: chunked',
            ]),
          },
          { send: '4' },
          { send: '\r\nbo' },
          { send: 'dy\r' },
          { send: '\n0\r\n\r' },
          { send: '\n' },
        ],
        expect: input('body'),
      },
    ],
  ],
  [
    {
      contract: 'BODY-1',
      source: 'RFC 9110 section 10.1.1',
      level: 'MUST',
      because:
        'RFC 9110 section 10.1.1: a client that expects 100 gets it, or a final status, before it sends its body.',
    },
    [
      {
        title: 'sends 100 to a client that waits for it',
        request: [
          {
            send: rawRequest(`POST ${REPORT} HTTP/1.1`, [
              'Host: a',
              'Connection: close',
              'Content-Length: 4',
              'Expect: 100-continue',
            ]),
          },
          { until: /^HTTP\/1\.1 100 [^\r]*\r\n\r\n/ },
          { send: 'body' },
        ],
        expect: all(input('body'), (exchange) => {
          assert.deepEqual(onlyResponse(exchange).interim, [100])
        }),
      },
      {
        title: 'sends 100 to a client that will send chunks',
        request: [
          {
            send: rawRequest(`POST ${REPORT} HTTP/1.1`, [
              'Host: a',
              'Connection: close',
              'Transfer-Encoding: chunked',
              'Expect: 100-continue',
            ]),
          },
          { until: /^HTTP\/1\.1 100 [^\r]*\r\n\r\n/ },
          { send: chunked('body') },
        ],
        expect: input('body'),
      },
      {
        title: 'answers a client that does not wait for 100',
        request: post(REPORT, 'body', 'Expect: 100-continue'),
        expect: input('body'),
      },
      {
        title: 'sends no 100 to HTTP/1.0',
        request: rawRequest(
          `POST ${REPORT} HTTP/1.0`,
          ['Content-Length: 4', 'Expect: 100-continue'],
          'body',
        ),
        expect: all(input('body'), never(/HTTP\/1\.\d 100/)),
      },
      {
        title: 'answers a client that waits to send what nobody will read',
        request: [
          {
            send: rawRequest('POST /cgi-bin/none.cgi HTTP/1.1', [
              'Host: a',
              'Connection: close',
              'Content-Length: 4',
              'Expect: 100-continue',
            ]),
          },
          { until: /HTTP\/1\.1 (?:100|404) [^]*\r\n\r\n/ },
          { send: 'body' },
        ],
        expect: (exchange) => {
          assert.match(exchange.received, /HTTP\/1\.1 404 /)
          assert.notEqual(exchange.end, 'open')
        },
      },
      {
        title: 'refuses an expectation that it does not know, or ignores it',
        level: 'MAY',
        request: post(REPORT, 'body', 'Expect: 200-ok'),
        expect: either(refuses(417), input('body')),
      },
    ],
  ],
  [
    {
      contract: 'BODY-3',
      source: 'RFC 3875 section 4.2',
      level: 'MUST',
      because: 'RFC 3875 section 4.2: a script is not obliged to read any of the data.',
    },
    [
      ...[
        ['ignore-input.cgi', 'ignored'],
        ['close-input.cgi', 'closed'],
        ['read-some.cgi', 'bod'],
      ].flatMap(([script = '', expected = '']) => [
        {
          title: `answers with ${script}, which leaves a body unread`,
          request: post(`/cgi-bin/${script}`, 'body'),
          expect: all(answers(200), body(expected)),
        },
        {
          title: `answers with ${script}, which leaves a chunked body unread`,
          request: postChunks(`/cgi-bin/${script}`, ['body', 'more']),
          expect: all(answers(200), body(expected)),
        },
        {
          title: `keeps in step when ${script} leaves a body unread`,
          contract: 'BODY-6',
          source: 'RFC 9112 sections 6.3 and 9.3',
          because:
            'RFC 9112 section 9.3: a server must read the whole body or close the connection; the rest of a body is never a request.',
          request:
            keep(
              'POST',
              `/cgi-bin/${script}`,
              ['Content-Length: 60'],
              get(`${REPORT}/smuggled`).slice(0, 60),
            ) + get(`${REPORT}/next`),
          expect: either(
            sequence([200, /^/], [200, /PATH_INFO=\/next\n/]),
            all(answers(200), never(/smuggled/)),
          ),
        },
      ]),
      {
        title: 'does not wait for a body that the script does not want',
        request: [
          {
            send: rawRequest(
              'POST /cgi-bin/ignore-input.cgi HTTP/1.1',
              ['Host: a', 'Connection: close', 'Content-Length: 99'],
              'x',
            ),
          },
          { until: /ignored/ },
        ],
        expect: all(answers(200), body('ignored')),
        level: 'MAY',
        because:
          'RFC 3875 section 3.4: the script can be run before all data is there; what it answers then need not wait for a client that may itself wait for it.',
      },
    ],
  ],
  [
    {
      contract: 'BODY-4',
      source: 'RFC 9112 section 8, RFC 3875 section 4.2',
      level: 'MUST',
      because:
        'RFC 9112 section 8: a body that is shorter than its length is incomplete, and must not be taken for the whole.',
    },
    [
      {
        title: 'does not take a body that is cut short for the whole',
        request: [
          {
            send: rawRequest(`POST ${REPORT} HTTP/1.1`, ['Host: a', 'Content-Length: 10'], 'short'),
          },
          { end: true },
        ],
        expect: all(refusesOrCloses, never(/input short/)),
      },
      {
        title: 'does not take chunks without an end for the whole',
        request: [
          {
            send: rawRequest(
              `POST ${REPORT} HTTP/1.1`,
              ['Host: a', 'Transfer-Encoding: chunked'],
              '5\r\nshort\r\n',
            ),
          },
          { end: true },
        ],
        expect: all(refusesOrCloses, never(/input short/)),
      },
    ],
  ],
  [
    {
      contract: 'BODY-1',
      source: 'RFC 9112 sections 6.3 and 9.3.2',
      level: 'MUST',
      because: 'RFC 9112 section 9.3.2: what follows a body is the next request.',
    },
    [
      {
        title: 'answers a request that follows a body',
        request: keep('POST', REPORT, ['Content-Length: 4'], 'body') + get(`${REPORT}/next`),
        expect: sequence([200, /input body\n/], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'answers a request that follows chunks',
        request:
          keep('POST', REPORT, ['Transfer-Encoding: chunked'], chunked('body')) +
          get(`${REPORT}/next`),
        expect: sequence([200, /input body\n/], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'answers a request that follows the body of a GET',
        request: keep('GET', REPORT, ['Content-Length: 4'], 'body') + get(`${REPORT}/next`),
        expect: either(sequence([200, /input body\n/], [200, /PATH_INFO=\/next\n/]), refuses(400)),
      },
    ],
  ],
)
