import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  either,
  input,
  never,
  refuses,
  refusesOrCloses,
  sequence,
  status,
  UNSET,
  variables,
} from '../expectations.js'
import { chunked, get, keep, rawRequest, REPORT } from '../requests.js'

/** What would be answered if a server lost its place. */
const INNER = get(`${REPORT}/smuggled`)

/** A POST whose framing is given, on a connection that lives on, and the request that it may hide. */
function post(fields: readonly string[], content: string): string {
  return rawRequest(`POST ${REPORT} HTTP/1.1`, ['Host: a', ...fields], content) + INNER
}

/** Lengths that are none. */
const BAD_LENGTHS = [
  '+4',
  '-4',
  '-0',
  '4,',
  ',4',
  '4, 5',
  '4 4',
  '4;',
  '0x4',
  '4.0',
  '1e1',
  'four',
  '4abc',
  '',
  '"4"',
  '99999999999999999999999999',
  '18446744073709551620',
  '4\x0b',
  '\xb2',
] as const

/** Chunks that are none. */
const BAD_CHUNKS = [
  ['a size that is not hexadecimal', 'z\r\nbody\r\n0\r\n\r\n'],
  ['a sign', '+4\r\nbody\r\n0\r\n\r\n'],
  ['a negative size', '-4\r\nbody\r\n0\r\n\r\n'],
  ['0x before the size', '0x4\r\nbody\r\n0\r\n\r\n'],
  ['a blank before the size', ' 4\r\nbody\r\n0\r\n\r\n'],
  ['an empty size', '\r\nbody\r\n0\r\n\r\n'],
  ['a size that overflows', 'ffffffffffffffff4\r\nbody\r\n0\r\n\r\n'],
  ['a size of 64 bits and more', '10000000000000004\r\nbody\r\n0\r\n\r\n'],
  ['more bytes than its size', '4\r\nbodyX\r\n0\r\n\r\n'],
  ['no line end after it', '4\r\nbody0\r\n\r\n'],
  ['underscores in the size', '0_4\r\nbody\r\n0\r\n\r\n'],
  ['a bare CR after the size', '4\rbody\r\n0\r\n\r\n'],
  ['a NUL in the size', '4\0\r\nbody\r\n0\r\n\r\n'],
  ['a comma in the size', '4,4\r\nbody\r\n0\r\n\r\n'],
] as const

/** Codings that a server does not know or must not take. */
const BAD_CODINGS = [
  'gzip',
  'gzip, chunked',
  'chunked, gzip',
  'chunked, chunked',
  'identity',
  'chunked, identity',
  'xchunked',
  'chunkedx',
  'chunked;',
  'chunked; a=b',
  'chun ked',
  '"chunked"',
  ', chunked',
  'chunked,',
  '',
  '\x0bchunked',
  'chunke\xc4',
] as const

/** Values of Host that are none. */
const BAD_HOSTS = [
  'a b',
  'a/b',
  'a?b',
  'a#b',
  'user@a',
  'a:b',
  'a:80:80',
  'a:-1',
  '[::1',
  '::1',
  '[::1]x',
  'a,b c',
  'a"b',
  'a\\b',
  'a<b>',
  '%zz',
  'http://a/',
] as const

const SMUGGLING =
  'RFC 9112 section 11.2: where two recipients do not agree on the end of a request, one of them sees another request than the other.'

export const smugglingCases: readonly Case[] = table(
  'framing',
  [
    {
      contract: 'BODY-6',
      source: 'RFC 9112 section 6.3',
      level: 'MUST',
      because:
        'RFC 9112 section 6.3: an invalid Content-Length is answered with 400 and the connection closed.',
    },
    [
      ...BAD_LENGTHS.map((length) => ({
        title: `refuses Content-Length: ${JSON.stringify(length)}`,
        request: post([`Content-Length: ${length}`], 'body'),
        expect: all(refuses(400, 411, 413), never(/smuggled/)),
      })),
      {
        title: 'refuses two different lengths',
        request: post(['Content-Length: 4', 'Content-Length: 5'], 'body'),
        expect: all(refuses(400), never(/smuggled/)),
      },
      {
        title: 'refuses two different lengths, the first of them 0',
        request: post(['Content-Length: 0', 'Content-Length: 4'], 'body'),
        expect: all(refuses(400), never(/smuggled/)),
      },
      ...(
        [
          ['in two fields', ['Content-Length: 4', 'Content-Length: 4']],
          ['in a list', ['Content-Length: 4, 4']],
        ] as const
      ).map(([where, fields]) => ({
        title: `refuses the same length twice ${where}, or takes it once`,
        request: post(fields, 'body'),
        expect: either(
          all(refuses(400), never(/smuggled/)),
          sequence([200, /input body\n/], [200, /smuggled/]),
        ),
      })),
      ...[
        'Content-Length:  4  ',
        'Content-Length:\t4',
        'Content-Length:4',
        'content-length: 4',
        'Content-Length: 004',
      ].map((line) => ({
        title: `takes ${JSON.stringify(line)}, which is valid`,
        source: 'RFC 9110 sections 5.5 and 8.6',
        because:
          'RFC 9110 section 5.5: blanks around a value are no part of it; section 8.6: it is any row of digits.',
        request: rawRequest(
          `POST ${REPORT} HTTP/1.1`,
          ['Host: a', 'Connection: close', line],
          'body',
        ),
        expect: either(input('body'), all(variables({ CONTENT_LENGTH: '004' }), answers(200))),
      })),
    ],
  ],
  [
    {
      contract: 'BODY-6',
      source: 'RFC 9112 sections 6.1 and 6.3',
      level: 'MUST',
      because:
        'RFC 9112 section 6.3: a message with both may be an attempt at smuggling; it is refused, or read by its chunks alone and the connection closed (section 6.1).',
    },
    [
      ...(
        [
          ['length first', ['Content-Length: 4', 'Transfer-Encoding: chunked']],
          ['chunks first', ['Transfer-Encoding: chunked', 'Content-Length: 4']],
          ['a length of 0', ['Content-Length: 0', 'Transfer-Encoding: chunked']],
        ] as const
      ).map(([what, fields]) => ({
        title: `refuses length and chunks, or goes by the chunks and closes (${what})`,
        request: post(fields, chunked('body')),
        expect: all(either(refuses(400), input('body')), never(/smuggled/)),
      })),
      {
        title: 'refuses length and a coding that is none',
        request: post(['Content-Length: 4', 'Transfer-Encoding: xchunked'], 'body'),
        expect: all(refuses(400, 501), never(/smuggled/)),
      },
      {
        title: 'refuses length and chunks with a blank before the colon',
        source: 'RFC 9112 section 5.1',
        because: 'RFC 9112 section 5.1: white space between name and colon is answered with 400.',
        request: post(['Content-Length: 4', 'Transfer-Encoding : chunked'], 'body'),
        expect: all(refuses(400), never(/smuggled/)),
      },
      {
        title: 'refuses chunks in a folded line',
        source: 'RFC 9112 section 5.2',
        because: 'RFC 9112 section 5.2: a folded line is refused, or made one line.',
        request: post(['Transfer-Encoding:', ' chunked'], chunked('body')),
        expect: either(
          all(refuses(400, 501), never(/smuggled/)),
          sequence([200, /input body\n/], [200, /smuggled/]),
          sequence([400, /^/], [200, /smuggled/]),
        ),
      },
      {
        title: 'refuses Content_Length and Transfer_Encoding for what they resemble',
        source: 'RFC 9110 section 5.1',
        because: 'RFC 9110 section 5.1: another name is another field.',
        request:
          keep(
            'POST',
            REPORT,
            ['Content_Length: 4', 'Transfer_Encoding: chunked', 'Content-Length: 2'],
            'hi',
          ) + get(`${REPORT}/next`),
        expect: either(sequence([200, /input hi\n/], [200, /next/]), refuses(400)),
      },
    ],
  ],
  [
    {
      contract: 'BODY-6',
      source: 'RFC 9112 sections 6.1 and 6.3',
      level: 'MUST',
      because:
        'RFC 9112 section 6.1: a coding that a server does not know is answered with 501; section 6.3: where chunked is not the last, with 400 and the end of the connection.',
    },
    [
      ...BAD_CODINGS.map((coding) => ({
        title: `refuses Transfer-Encoding: ${JSON.stringify(coding)}`,
        request: post([`Transfer-Encoding: ${coding}`], chunked('body')),
        expect: either(
          all(refusesOrCloses, never(/smuggled/)),
          // Section 6.3: where chunked is the last, the end of the body is known all the same.
          ...(/(?:^|, ?)chunked,?$/.test(coding)
            ? [sequence([501, /^/], [200, /smuggled/]), sequence([400, /^/], [200, /smuggled/])]
            : []),
          // RFC 9110 section 5.6.1.2: empty elements of a list are to be ignored.
          ...([', chunked', 'chunked,'].includes(coding)
            ? [sequence([200, /input body\n/], [200, /smuggled/])]
            : []),
        ),
      })),
      {
        title: 'refuses chunked in two fields',
        request: post(
          ['Transfer-Encoding: chunked', 'Transfer-Encoding: chunked'],
          chunked('body'),
        ),
        expect: all(refuses(400, 501), never(/smuggled/)),
      },
      {
        title: 'refuses chunked and identity in two fields',
        request: post(
          ['Transfer-Encoding: chunked', 'Transfer-Encoding: identity'],
          chunked('body'),
        ),
        expect: all(refuses(400, 501), never(/smuggled/)),
      },
      {
        title: 'refuses chunks in HTTP/1.0, or closes after them',
        source: 'RFC 9112 section 6.1',
        because:
          'RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing; the connection must be closed after it.',
        request:
          rawRequest(
            `POST ${REPORT} HTTP/1.0`,
            ['Host: a', 'Connection: keep-alive', 'Transfer-Encoding: chunked'],
            chunked('body'),
          ) + INNER,
        expect: all(either(refuses(400, 501), answers(200)), never(/smuggled/)),
      },
      {
        title: 'refuses length and chunks in HTTP/1.0, or closes after them',
        source: 'RFC 9112 section 6.1',
        because:
          'RFC 9112 section 6.1: Transfer-Encoding in HTTP/1.0 is faulty framing; the connection must be closed after it.',
        request:
          rawRequest(
            `POST ${REPORT} HTTP/1.0`,
            [
              'Host: a',
              'Connection: keep-alive',
              'Content-Length: 4',
              'Transfer-Encoding: chunked',
            ],
            chunked('body'),
          ) + INNER,
        expect: all(either(refuses(400, 501), answers(200)), never(/smuggled/)),
      },
    ],
  ],
  [
    {
      contract: 'BODY-6',
      source: 'RFC 9112 section 7.1',
      level: 'security',
      because: `RFC 9112 section 7.1: a size is hexadecimal digits, and its data ends in CRLF. ${SMUGGLING}`,
    },
    [
      ...BAD_CHUNKS.map(([what, content]) => ({
        title: `refuses a chunk with ${what}`,
        request: post(['Transfer-Encoding: chunked'], content),
        expect: all(refusesOrCloses, never(/smuggled/)),
      })),
      {
        title: 'refuses a line of an extension that ends in LF (CVE-2025-22871)',
        request: post(['Transfer-Encoding: chunked'], '4;a\nbody\r\n0\r\n\r\n'),
        expect: either(
          all(refusesOrCloses, never(/smuggled/)),
          sequence([200, /input body\n/], [200, /smuggled/]),
          sequence([400, /^/], [200, /smuggled/]),
        ),
      },
      {
        title: 'refuses chunk lines that end in LF, or reads them right',
        request: post(['Transfer-Encoding: chunked'], '4\nbody\n0\n\n'),
        expect: either(
          all(refusesOrCloses, never(/smuggled/)),
          sequence([200, /input body\n/], [200, /smuggled/]),
        ),
      },
      {
        title: 'bounds the length of chunk extensions',
        source: 'RFC 9112 section 7.1.1',
        because: 'RFC 9112 section 7.1.1: a server ought to limit the length of extensions.',
        level: 'SHOULD',
        request: post(
          ['Transfer-Encoding: chunked'],
          `4;${'a'.repeat(200_000)}\r\nbody\r\n0\r\n\r\n`,
        ),
        expect: either(
          all(refusesOrCloses, never(/smuggled/)),
          sequence([200, /input body\n/], [200, /smuggled/]),
        ),
      },
    ],
  ],
  [
    {
      contract: 'ENV-8',
      source: 'RFC 9112 section 3.2',
      level: 'MUST',
      because:
        'RFC 9112 section 3.2: a server must answer 400 to a request without Host, with more than one, or with one that is invalid.',
    },
    [
      {
        title: 'refuses a request without Host',
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, ['Connection: close']),
        expect: refuses(400),
      },
      {
        title: 'refuses an absolute target without Host',
        request: rawRequest('GET http://a/cgi-bin/report.cgi HTTP/1.1', ['Connection: close']),
        expect: refuses(400),
      },
      {
        title: 'refuses two different Hosts',
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, ['Host: a', 'Host: b', 'Connection: close']),
        expect: refuses(400),
      },
      {
        title: 'refuses the same Host twice',
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, ['Host: a', 'host: a', 'Connection: close']),
        expect: refuses(400),
      },
      {
        title: 'refuses two Hosts in HTTP/1.0',
        request: rawRequest(`GET ${REPORT} HTTP/1.0`, ['Host: a', 'Host: b']),
        expect: refuses(400),
      },
      ...BAD_HOSTS.map((host) => ({
        title: `refuses Host: ${host}`,
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, [`Host: ${host}`, 'Connection: close']),
        expect: refuses(400),
      })),
      {
        title: 'takes an empty Host',
        source: 'RFC 9110 section 7.2',
        because: 'RFC 9110 section 7.2: if the target has no authority, Host is empty.',
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, ['Host:', 'Connection: close']),
        expect: either(variables({ HTTP_HOST: UNSET, SERVER_NAME: /^[\w.-]+$/ }), refuses(400)),
      },
      {
        title: 'refuses an absolute target whose host is none',
        request: get('http://a b/cgi-bin/report.cgi'),
        expect: refuses(400),
      },
      {
        title: 'refuses an absolute target with a user',
        source: 'RFC 9110 section 4.2.4',
        level: 'SHOULD',
        because: 'RFC 9110 section 4.2.4: a URI with a user is to be taken for an error.',
        request: get('http://user@www.example.org/cgi-bin/report.cgi'),
        expect: refuses(400, 404),
      },
    ],
  ],
  [
    {
      contract: 'BODY-6',
      source: 'RFC 9112 sections 2.2 and 5',
      level: 'security',
      because: `RFC 9112 section 2.2: an LF may be taken for a line end, a bare CR must not. ${SMUGGLING}`,
    },
    [
      {
        title: 'takes lines that end in LF as lines, or refuses them',
        request: `GET ${REPORT}/a HTTP/1.1\nHost: a\nConnection: close\n\n`,
        expect: either(refuses(400), variables({ PATH_INFO: '/a' })),
      },
      {
        title: 'takes a field line that ends in LF as one, or refuses it',
        request: `GET ${REPORT}/a HTTP/1.1\r\nHost: a\nX-Any: b\r\nConnection: close\r\n\r\n`,
        expect: either(refuses(400), variables({ PATH_INFO: '/a', HTTP_X_ANY: 'b' })),
      },
      {
        title: 'takes no bare CR for a line end',
        request: `GET ${REPORT}/a HTTP/1.1\r\nHost: a\rX-Any: b\r\nConnection: close\r\n\r\n`,
        expect: refuses(400),
      },
      {
        title: 'takes no two bare CR for the end of the header',
        request: `GET ${REPORT}/a HTTP/1.1\r\nHost: a\r\r${INNER}`,
        expect: all(refuses(400), never(/smuggled/)),
      },
      {
        title: 'refuses blanks before the first field',
        source: 'RFC 9112 section 2.2',
        because:
          'RFC 9112 section 2.2: white space before the first field is refused, or its lines ignored.',
        request: `GET ${REPORT}/a HTTP/1.1\r\n Host: evil\r\nHost: a\r\nConnection: close\r\n\r\n`,
        expect: either(refuses(400), all(status(200), never(/evil/))),
      },
      {
        title: 'reads the body of a GET, and takes it for no request',
        source: 'RFC 9112 section 6, RFC 9110 section 9.3.1',
        because: 'RFC 9112 section 6: any request may have a body, which its fields tell.',
        request:
          keep('GET', `${REPORT}/outer`, [`Content-Length: ${INNER.length}`], INNER) +
          get(`${REPORT}/next`),
        expect: either(
          sequence([200, /PATH_INFO=\/outer\n/], [200, /PATH_INFO=\/next\n/]),
          refuses(400),
        ),
      },
      {
        title: 'takes no body that a HEAD has for a request',
        source: 'RFC 9112 section 6',
        because: 'RFC 9112 section 6: any request may have a body, which its fields tell.',
        request:
          keep('HEAD', REPORT, [`Content-Length: ${INNER.length}`], INNER) + get(`${REPORT}/next`),
        expect: either(sequence([200, ''], [200, /PATH_INFO=\/next\n/]), refuses(400)),
      },
      {
        title: 'takes no body of what is not there for a request',
        source: 'RFC 9112 section 9.3',
        because:
          'RFC 9112 section 9.3: a server reads the body or closes the connection, also where it answers an error.',
        request:
          keep('POST', '/cgi-bin/none.cgi', [`Content-Length: ${INNER.length}`], INNER) +
          get(`${REPORT}/next`),
        expect: either(
          sequence([404, /^/], [200, /PATH_INFO=\/next\n/]),
          all(answers(404), never(/smuggled/)),
        ),
      },
      {
        title: 'takes no chunks of what is not there for a request',
        source: 'RFC 9112 section 9.3',
        because:
          'RFC 9112 section 9.3: a server reads the body or closes the connection, also where it answers an error.',
        request:
          keep('POST', '/cgi-bin/none.cgi', ['Transfer-Encoding: chunked'], chunked(INNER)) +
          get(`${REPORT}/next`),
        expect: either(
          sequence([404, /^/], [200, /PATH_INFO=\/next\n/]),
          all(answers(404), never(/smuggled/)),
        ),
      },
      {
        title: 'takes no body of a method that it refuses for a request',
        source: 'RFC 9112 section 9.3',
        because:
          'RFC 9112 section 9.3: a server reads the body or closes the connection, also where it answers an error.',
        request:
          keep('TRACE', REPORT, [`Content-Length: ${INNER.length}`], INNER) + get(`${REPORT}/next`),
        expect: all(never(/PATH_INFO=\/smuggled/), ({ end }) => assert.notEqual(end, 'open')),
      },
      ...(
        [
          ['Content-Length: 4', 'body'],
          ['Transfer-Encoding: chunked', chunked('body')],
        ] as const
      ).map(([line, content]) => ({
        title: `sees ${line} after 2100 other fields, or refuses them`,
        source: 'RFC 9110 section 5.4, RFC 9112 section 6.3',
        because:
          'RFC 9110 section 5.4: fields that are too many are answered with a 4xx; to ignore them is to ignore what the framing may depend on.',
        request: rawRequest(
          `POST ${REPORT} HTTP/1.1`,
          ['Host: a', 'Connection: close', ...Array.from({ length: 2100 }, () => 'a:b'), line],
          content,
        ),
        expect: either(refusesOrCloses, input('body')),
      })),
      {
        title: 'sees a second Host after 2100 other fields, or refuses them',
        contract: 'ENV-8',
        source: 'RFC 9110 section 5.4, RFC 9112 section 3.2',
        because:
          'RFC 9112 section 3.2: more than one Host is answered with 400, wherever the second stands.',
        request: rawRequest(`GET ${REPORT} HTTP/1.1`, [
          'Host: a',
          'Connection: close',
          ...Array.from({ length: 2100 }, () => 'a:b'),
          'Host: b',
        ]),
        expect: refusesOrCloses,
      },
      {
        title: 'loses no field of 2100, or refuses them',
        contract: 'ENV-2',
        source: 'RFC 9110 section 5.4, RFC 3875 section 4.1.18',
        because:
          'RFC 9110 section 5.4: fields that are too many are answered with a 4xx; to ignore them changes the request.',
        request: get(REPORT, ...Array.from({ length: 2100 }, () => 'a:b'), 'X-Last: yes'),
        expect: either(refusesOrCloses, variables({ HTTP_X_LAST: 'yes' })),
      },
      {
        title: 'upgrades to nothing, and answers as it would',
        source: 'RFC 9110 section 7.8',
        level: 'MUST',
        because:
          'RFC 9110 section 7.8: a server may ignore Upgrade; it must not switch to what it does not speak.',
        request: rawRequest(`GET ${REPORT}/a HTTP/1.1`, [
          'Host: a',
          'Upgrade: h2c',
          'HTTP2-Settings: AAMAAABkAAQAAP__',
          'Connection: Upgrade, HTTP2-Settings, close',
        ]),
        expect: either(
          variables({ PATH_INFO: '/a', SERVER_PROTOCOL: 'HTTP/1.1' }),
          ({ received }) => {
            assert.match(received, /^HTTP\/1\.1 101 /)
          },
        ),
      },
    ],
  ],
)
