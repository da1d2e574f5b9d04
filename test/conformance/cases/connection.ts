import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  body,
  either,
  field,
  input,
  never,
  onlyResponse,
  refuses,
  sequence,
  status,
} from '../expectations.js'
import { chunked, get, keep, rawRequest, REPORT, say, saying } from '../requests.js'

const TYPE = 'Content-Type: text/plain\n'
const PLAIN = saying(`${TYPE}\nbody`)
const WITH_LENGTH = saying(`${TYPE}Content-Length: 4\n\nbody`)

export const connectionCases: readonly Case[] = table(
  'connection',
  [
    {
      contract: 'RES-4',
      source: 'RFC 3875 sections 3.4 and 6.4',
      level: 'SHOULD',
      because:
        'The RFC leaves the time to the server (RFC 3875 section 6.4), but events and progress that arrive at the end are of no use.',
    },
    [
      {
        title: 'sends each part of a body when the script has written it',
        request: ({ gate }) => [
          { send: get(`/cgi-bin/event.cgi?${gate}`) },
          { until: /data: first\n\n/ },
          { open: 'gate' },
        ],
        expect: all(
          status(200),
          field('Content-Type', 'text/event-stream'),
          body('data: first\n\ndata: second\n\n'),
        ),
      },
      {
        title: 'sends each part to HTTP/1.0, too',
        request: ({ gate }) => [
          { send: rawRequest(`GET /cgi-bin/event.cgi?${gate} HTTP/1.0`) },
          { until: /data: first\n\n/ },
          { open: 'gate' },
        ],
        expect: all(status(200), body('data: first\n\ndata: second\n\n')),
      },
      {
        title: 'sends the header before there is a body',
        request: ({ gate }) => [
          { send: get(`/cgi-bin/header-first.cgi?${gate}`) },
          { until: /X-First: yes\r\n[^]*\r\n\r\n/i },
          { open: 'gate' },
        ],
        expect: all(status(200), body('body')),
      },
      {
        title: 'sends output while the input still arrives',
        contract: 'RES-8',
        level: 'MAY',
        because:
          'RFC 3875 section 3.4: the script can be run before all of the body has been received, and then can be heard, too.',
        request: [
          {
            send: rawRequest(
              'POST /cgi-bin/echo.cgi HTTP/1.1',
              ['Host: a', 'Connection: close', 'Content-Length: 6'],
              'abc',
            ),
          },
          { until: /abc/ },
          { send: 'def' },
        ],
        expect: all(status(200), body('abcdef')),
      },
    ],
  ],
  [
    {
      contract: 'LIFE-5',
      source: 'RFC 9112 section 9.6, RFC 9293 section 3.6',
      level: 'MUST',
      because:
        'RFC 9293 section 3.6: to close the sending side says that nothing more will be sent, and not that nothing more will be received; the request is whole and has an answer.',
    },
    [
      {
        title: 'answers a client that has closed its sending side',
        request: [{ send: get(`${REPORT}/a`) }, { end: true }],
        expect: all(status(200), body(/PATH_INFO=\/a\n/)),
      },
      {
        title: 'answers such a client that has not said close',
        request: [{ send: keep('GET', `${REPORT}/a`) }, { end: true }],
        expect: all(status(200), body(/PATH_INFO=\/a\n/)),
      },
      {
        title: 'answers such a client of HTTP/1.0',
        request: [{ send: rawRequest(`GET ${REPORT}/a HTTP/1.0`) }, { end: true }],
        expect: all(status(200), body(/PATH_INFO=\/a\n/)),
      },
      {
        title: 'answers such a client that has sent a body',
        request: [{ send: keep('POST', REPORT, ['Content-Length: 4'], 'body') }, { end: true }],
        expect: input('body'),
      },
      {
        title: 'answers such a client that has sent chunks',
        request: [
          { send: keep('POST', REPORT, ['Transfer-Encoding: chunked'], chunked('body')) },
          { end: true },
        ],
        expect: input('body'),
      },
      {
        title: 'answers such a client where the script takes its time',
        request: ({ gate }) => [
          { send: keep('GET', `/cgi-bin/event.cgi?${gate}`) },
          { until: /data: first\n\n/ },
          { end: true },
          { open: 'gate' },
        ],
        expect: all(status(200), body('data: first\n\ndata: second\n\n')),
      },
      {
        title: 'answers such a client with an NPH script',
        request: ({ gate }) => [
          { send: get(`/cgi-bin/nph-event.cgi?${gate}`) },
          { end: true },
          { until: /data: first\n\n/ },
          { open: 'gate' },
        ],
        expect: all(status(200), body('data: first\n\ndata: second\n\n')),
      },
      {
        title: 'answers all that such a client has asked for',
        request: [
          { send: keep('GET', `${REPORT}/one`) + keep('GET', `${REPORT}/two`) },
          { end: true },
        ],
        expect: sequence([200, /PATH_INFO=\/one\n/], [200, /PATH_INFO=\/two\n/]),
      },
      {
        title: 'follows a local redirect for such a client',
        request: [{ send: keep('GET', saying(`Location: ${REPORT}/a\n\n`)) }, { end: true }],
        expect: all(status(200), body(/PATH_INFO=\/a\n/)),
      },
    ],
  ],
  [
    {
      contract: 'RES-5',
      source: 'RFC 9112 sections 6.3 and 9.3',
      level: 'MUST',
      because:
        'RFC 9112 section 9.3: on a connection that persists each response has a length of its own.',
    },
    [
      {
        title: 'keeps a connection after a response without a length',
        level: 'SHOULD',
        request: keep('GET', PLAIN) + get(`${REPORT}/next`),
        expect: sequence([200, 'body'], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'keeps a connection after a response with a length',
        level: 'SHOULD',
        request: keep('GET', WITH_LENGTH) + get(`${REPORT}/next`),
        expect: sequence([200, 'body'], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'keeps a connection after an error',
        level: 'SHOULD',
        request: keep('GET', '/cgi-bin/none.cgi') + get(`${REPORT}/next`),
        expect: sequence([404, /^/], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'keeps in step after a script that fails',
        request: keep('GET', saying('secret')) + get(`${REPORT}/next`),
        expect: either(
          sequence([500, /^/], [200, /PATH_INFO=\/next\n/]),
          sequence([502, /^/], [200, /PATH_INFO=\/next\n/]),
          answers(500, 502),
        ),
      },
      {
        title: 'answers a second request that comes after the first answer',
        request: [
          { send: keep('GET', PLAIN) },
          { until: /body(?:\r\n0\r\n\r\n)?$/ },
          { send: get(`${REPORT}/next`) },
        ],
        expect: sequence([200, 'body'], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'answers five requests at once in their order',
        source: 'RFC 9112 section 9.3.2',
        because:
          'RFC 9112 section 9.3.2: responses to pipelined requests must come in the order of the requests.',
        request: `${[1, 2, 3, 4].map((count) => keep('GET', saying(`${TYPE}\nbody ${count}`))).join('')}${get(`${REPORT}/next`)}`,
        expect: sequence(
          [200, 'body 1'],
          [200, 'body 2'],
          [200, 'body 3'],
          [200, 'body 4'],
          [200, /PATH_INFO=\/next\n/],
        ),
      },
      {
        title: 'answers in order where the first script takes its time',
        source: 'RFC 9112 section 9.3.2',
        because:
          'RFC 9112 section 9.3.2: responses to pipelined requests must come in the order of the requests.',
        request: ({ gate }) => [
          { send: keep('GET', `/cgi-bin/event.cgi?${gate}`) + get(`${REPORT}/next`) },
          { until: /data: first\n\n/ },
          { open: 'gate' },
        ],
        expect: sequence([200, 'data: first\n\ndata: second\n\n'], [200, /PATH_INFO=\/next\n/]),
      },
      {
        title: 'keeps in step after answers of every kind',
        request: [
          keep('HEAD', PLAIN),
          keep('GET', saying('Status: 204\n\n')),
          keep('GET', saying('Status: 304\nETag: "a"\n\n')),
          keep('POST', '/cgi-bin/echo.cgi', ['Content-Length: 2'], 'hi'),
          keep('GET', saying('Location: http://example.org/\n\n')),
          keep('GET', saying(`Location: ${REPORT}/local\n\n`)),
          keep('HEAD', WITH_LENGTH),
          get(`${REPORT}/next`),
        ].join(''),
        expect: sequence(
          [200, ''],
          [204, ''],
          [304, ''],
          [200, 'hi'],
          [302, /^/],
          [200, /PATH_INFO=\/local\n/],
          [200, ''],
          [200, /PATH_INFO=\/next\n/],
        ),
      },
    ],
  ],
  [
    {
      contract: 'RES-5',
      source: 'RFC 9112 section 9.6',
      level: 'MUST',
      because:
        'RFC 9112 section 9.6: a server that gets close must close the connection after its response, and must process no further requests.',
    },
    [
      {
        title: 'closes the connection where the client says so',
        request: get(PLAIN),
        expect: all(status(200), body('body'), ({ end }) => assert.equal(end, 'closed')),
      },
      {
        title: 'says close where it closes',
        level: 'SHOULD',
        because: 'RFC 9112 section 9.6: a server should send close in its last response.',
        request: get(PLAIN),
        expect: field('Connection', 'close'),
      },
      {
        title: 'takes close in capital letters and in a list',
        source: 'RFC 9110 section 7.6.1',
        request: rawRequest(`GET ${PLAIN} HTTP/1.1`, ['Host: a', 'Connection: X-Any, CLOSE']),
        expect: all(status(200), body('body')),
      },
      {
        title: 'answers a request that says close, whatever comes after it',
        request: get(PLAIN) + get(`${REPORT}/never`),
        expect: all(status(200), body('body'), never(/never/)),
      },
      {
        title: 'answers a request that is followed by what is none',
        source: 'RFC 9112 section 9.3.2',
        because:
          'RFC 9112 section 9.3.2: each request has its answer; that another is wrong does not make this one wrong.',
        request: `${keep('GET', PLAIN)}no request\r\n\r\n`,
        expect: sequence([200, 'body'], [400, /^/]),
      },
    ],
  ],
  [
    {
      contract: 'RES-5',
      source: 'RFC 9112 sections 6.1 and 9.3, RFC 1945 section 7.2.2',
      level: 'MUST',
      because:
        'RFC 9112 section 6.1: a client of HTTP/1.0 must not be sent chunks; the end of its connection is the end of the body.',
    },
    [
      {
        title: 'sends no chunks to HTTP/1.0',
        request: rawRequest(`GET ${PLAIN} HTTP/1.0`),
        expect: all(status(200), field('Transfer-Encoding'), body('body')),
      },
      {
        title: 'sends a length to HTTP/1.0',
        request: rawRequest(`GET ${WITH_LENGTH} HTTP/1.0`),
        expect: all(status(200), field('Content-Length', '4'), body('body')),
      },
      {
        title: 'sends no chunks to HTTP/1.0 that wants to keep the connection',
        // A server that keeps the connection waits for another request, unless the client closes it.
        request: [
          { send: rawRequest(`GET ${PLAIN} HTTP/1.0`, ['Connection: keep-alive']) },
          { until: /body/ },
          { end: true },
        ],
        expect: (exchange) => {
          const [response] = exchange.responses()
          assert.equal(response?.body, 'body')
          assert.deepEqual(response.all('transfer-encoding'), [])
        },
      },
      {
        title: 'sends no 100 or other interim response to HTTP/1.0',
        source: 'RFC 9110 section 15.2',
        request: rawRequest(`GET ${PLAIN} HTTP/1.0`, ['Expect: 100-continue']),
        expect: all(status(200), (exchange) =>
          assert.deepEqual(onlyResponse(exchange).interim, []),
        ),
      },
      {
        title: 'sends 204 to HTTP/1.0',
        request: rawRequest(`GET ${saying('Status: 204\n\n')} HTTP/1.0`),
        expect: all(status(204), body('')),
      },
      {
        title: 'sends an empty body to HTTP/1.0',
        request: rawRequest(`GET ${saying(`${TYPE}\n`)} HTTP/1.0`),
        expect: all(status(200), body('')),
      },
      {
        title: 'takes Host in HTTP/1.0',
        request: rawRequest(`GET ${REPORT} HTTP/1.0`, ['Host: www.example.org']),
        expect: all(status(200), body(/SERVER_NAME=www\.example\.org\n/)),
      },
      {
        title: 'answers a higher minor version as HTTP/1.1, or refuses it',
        source: 'RFC 9110 section 2.5',
        level: 'SHOULD',
        because:
          'RFC 9110 section 2.5: a request of a higher minor version should be processed as the highest that the server knows.',
        request: rawRequest(`GET ${PLAIN} HTTP/1.2`, ['Host: a', 'Connection: close']),
        expect: either(all(status(200), body('body')), refuses(400, 505)),
      },
      {
        title: 'refuses a higher major version',
        source: 'RFC 9110 section 15.6.6',
        because:
          'RFC 9110 section 15.6.6: a major version that a server does not speak is answered with 505.',
        request: rawRequest(`GET ${PLAIN} HTTP/3.0`, ['Host: a', 'Connection: close']),
        expect: refuses(400, 505),
      },
      {
        title: 'runs no script for HTTP/0.9',
        source: 'RFC 9112 section 3',
        request: [{ send: `GET ${REPORT}\r\n` }, { end: true }],
        expect: ({ received, end }) => {
          assert.doesNotMatch(received, /variable/)
          assert.notEqual(end, 'open')
        },
      },
    ],
  ],
  [
    {
      contract: 'LIFE-1',
      source: 'RFC 9112 section 2.2',
      level: 'MUST',
      because: 'RFC 9112 section 2.2: a request may arrive in any pieces.',
    },
    [
      {
        title: 'takes a request that comes in pieces',
        request: get(`${REPORT}/a?b`)
          .split('')
          .map((send) => ({ send })),
        expect: all(status(200), body(/PATH_INFO=\/a\n/)),
      },
      {
        title: 'runs no script for half a header',
        request: [{ send: `GET ${REPORT} HTTP/1.1\r\nHost: a\r\nX-Any: ` }, { end: true }],
        expect: ({ received, end }) => {
          assert.doesNotMatch(received, /variable/)
          assert.notEqual(end, 'open')
        },
      },
      {
        title: 'answers where the whole of a response is one field',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.2',
        request: say('X-Any: a\n\n'),
        expect: either(status(200), answers(500, 502)),
      },
    ],
  ],
)
