import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import { all, answers, body, either, failsScript, status } from '../expectations.js'
import { ask, get, post, rawRequest, saying } from '../requests.js'

/** Responses that must reach the client to the byte. */
const RESPONSES = [
  ['a plain one', 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nbody'],
  ['a status of its own', 'HTTP/1.1 299 Own Words\r\nConnection: close\r\n\r\nbody'],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\nbody'],
  ['lines that end in LF', 'HTTP/1.1 200 OK\nContent-Type: text/plain\nConnection: close\n\nbody'],
  [
    'names in odd cases',
    'HTTP/1.1 200 OK\r\nx-OWN-nAmE:   a  \r\nX-own-NaMe: b\r\nconnection: CLOSE\r\n\r\nbody',
  ],
  [
    'fields that a server would send itself',
    'HTTP/1.1 200 OK\r\nDate: never\r\nServer: mine\r\nConnection: close\r\n\r\nbody',
  ],
  [
    'chunks of its own',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n4\r\nbody\r\n0\r\n\r\n',
  ],
  ['a length', 'HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody'],
  ['no body', 'HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n'],
  [
    'a Status field, which means nothing here',
    'HTTP/1.1 200 OK\r\nStatus: 404\r\nConnection: close\r\n\r\nbody',
  ],
  [
    'a Location, which is no redirect here',
    'HTTP/1.1 200 OK\r\nLocation: /cgi-bin/report.cgi\r\nConnection: close\r\n\r\nbody',
  ],
  [
    'an interim response first',
    'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nConnection: close\r\n\r\nbody',
  ],
  [
    'bytes over 0x7F',
    'HTTP/1.1 200 Gut gef\xfcllt\r\nX-Bytes: \xe9\xff\r\nConnection: close\r\n\r\n\x00\x80\xff',
  ],
] as const

export const nphCases: readonly Case[] = table('nph', [
  {
    contract: 'HDR-4',
    source: 'RFC 3875 section 5.2',
    level: 'MUST',
    because:
      'RFC 3875 section 5.2: the output of an NPH script is sent unmodified. A server that has no NPH scripts (section 5.1: MAY) does not fail the RFC, but runs these scripts as something that they are not.',
  },
  [
    ...RESPONSES.map(([what, bytes]) => ({
      title: `sends to the byte ${what}`,
      request: get(saying(bytes, 'nph-say.cgi')),
      expect: ({ received, end }: Parameters<Case['expect']>[0]) => {
        assert.equal(received, bytes)
        assert.equal(end, 'closed')
      },
    })),
    {
      title: 'adds nothing for HTTP/1.0',
      request: rawRequest(`GET ${saying('HTTP/1.0 200 OK\r\n\r\nbody', 'nph-say.cgi')} HTTP/1.0`),
      expect: ({ received }) => assert.equal(received, 'HTTP/1.0 200 OK\r\n\r\nbody'),
    },
    {
      title: 'closes the connection after it, even if the client wants to keep it',
      source: 'RFC 3875 section 5.2',
      because:
        'RFC 3875 section 5.2: the script must not let the client send further requests; the server does not know where the response ends.',
      request: rawRequest(
        `GET ${saying('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody', 'nph-say.cgi')} HTTP/1.1`,
        ['Host: a', 'Connection: keep-alive'],
      ),
      expect: all(status(200), body('body')),
    },
    {
      title: 'sends each part of it at once',
      level: 'SHOULD',
      because: 'RFC 3875 section 5.2: with minimal internal and no transport-visible buffering.',
      request: ({ gate }) => [
        { send: get(`/cgi-bin/nph-event.cgi?${gate}`) },
        { until: /data: first\n\n/ },
        { open: 'gate' },
      ],
      expect: all(status(200), body('data: first\n\ndata: second\n\n'), ({ received }) => {
        assert.ok(
          received.startsWith(
            'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n',
          ),
        )
      }),
    },
    {
      title: 'hands a body on to it',
      source: 'RFC 3875 sections 4.2 and 5.2',
      request: post('/cgi-bin/nph-echo.cgi', 'a\0b\r\n\xff'),
      expect: all(status(200), body('a\0b\r\n\xff')),
    },
    {
      title: 'sends what it says, though it leaves a body unread',
      source: 'RFC 3875 sections 4.2 and 5.2',
      request: post(
        saying('HTTP/1.1 299 Own\r\nConnection: close\r\n\r\nbody', 'nph-say.cgi'),
        'x'.repeat(1000),
      ),
      expect: ({ received }) => {
        assert.equal(received, 'HTTP/1.1 299 Own\r\nConnection: close\r\n\r\nbody')
      },
    },
    {
      title: 'sends what it says to HEAD',
      request: ask(
        'HEAD',
        saying('HTTP/1.1 299 Own\r\nX-Any: a\r\nConnection: close\r\n\r\n', 'nph-say.cgi'),
      ),
      expect: ({ received }) => {
        assert.equal(received, 'HTTP/1.1 299 Own\r\nX-Any: a\r\nConnection: close\r\n\r\n')
      },
    },
    {
      title: 'answers or closes where it says nothing',
      source: 'RFC 3875 section 5.2',
      because: 'RFC 3875 section 5.2: a script must always return some data.',
      request: get(saying('', 'nph-say.cgi')),
      expect: either(failsScript, ({ received, end }) => {
        assert.equal(received, '')
        assert.notEqual(end, 'open')
      }),
    },
    {
      title: 'does not take a script for one whose name only has nph- in it',
      source: 'RFC 3875 section 5.1',
      because:
        'RFC 3875 section 5.1: there is one mechanism that identifies them, by convention the beginning of the name.',
      request: get(
        saying('HTTP/1.1 404 Own\nContent-Type: text/plain\n\nbody').replace('?', '/nph-say.cgi?'),
      ),
      expect: either(
        all(answers(404), ({ received }) => {
          assert.match(received, /^HTTP\/1\.1 404 Own\r\n[^]*\r\n\r\n/)
        }),
        failsScript,
      ),
    },
  ],
])
