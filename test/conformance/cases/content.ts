import { strict as assert } from 'node:assert'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  body,
  either,
  failsScript,
  field,
  never,
  onlyResponse,
  sequence,
  status,
} from '../expectations.js'
import { ask, get, keep, rawRequest, REPORT, say, saying } from '../requests.js'

const TYPE = 'Content-Type: text/plain\n'

/** A length that a client can be told, and bytes that do not fit it. */
function saysLength(length: string, content: string): string {
  return `${TYPE}Content-Length: ${length}\n\n${content}`
}

/** Several requests, the last of which asks for a report, to see that the connection is in step. */
function thenReport(...requests: readonly string[]): string {
  return `${requests.join('')}${get(`${REPORT}/next`)}`
}

const NEXT = [200, /PATH_INFO=\/next\n/] as const

export const contentCases: readonly Case[] = table(
  'content',
  [
    {
      contract: 'RES-5',
      source: 'RFC 9110 section 8.6, RFC 3875 section 6.3.4',
      level: 'MUST',
      because: 'RFC 9110 section 8.6: Content-Length must be the length of what is sent.',
    },
    [
      {
        title: 'honours a length that is right',
        request: say(saysLength('4', 'body')),
        expect: all(status(200), field('Content-Length', '4'), body('body')),
      },
      {
        title: 'honours a length of 0',
        request: say(saysLength('0', '')),
        expect: all(status(200), body('')),
      },
      {
        title: 'takes a length with zeros before it',
        request: say(saysLength('0004', 'body')),
        expect: either(all(status(200), body('body')), failsScript),
      },
      {
        title: 'takes the same length twice, or refuses it',
        request: say(`${TYPE}Content-Length: 4\nContent-Length: 4\n\nbody`),
        expect: either(all(status(200), body('body')), failsScript),
      },
      {
        title: 'refuses two different lengths',
        request: say(`${TYPE}Content-Length: 4\nContent-Length: 6\n\nsecret`),
        expect: failsScript,
      },
      ...['x', '-1', '+4', '4x', '0x4', '4 4', '4, 4', '4.0', '1e1', '99999999999999999999999'].map(
        (length) => ({
          title: `sends no Content-Length: ${length}`,
          request: say(saysLength(length, 'body')),
          expect: either(
            failsScript,
            all(status(200), body('body'), (exchange) => {
              assert.notDeepEqual(onlyResponse(exchange).all('content-length'), [length])
            }),
          ),
        }),
      ),
      {
        title: 'cuts what is longer than its length, and keeps in step',
        source: 'RFC 9112 section 6.3, RFC 3875 section 3.1',
        level: 'security',
        because:
          'RFC 3875 section 3.1: the server keeps to the protocol even if the script does not; what is over the length would be the next response.',
        request: thenReport(
          keep(
            'GET',
            saying(saysLength('4', 'bodyHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil')),
          ),
        ),
        expect: all(
          either(sequence([200, 'body'], [...NEXT]), sequence([200, 'body']), (exchange) => {
            // A server that measures the body itself has a length that is right.
            sequence([200, /^bodyHTTP[^]*evil$/], [...NEXT])(exchange)
          }),
        ),
      },
      {
        title: 'lets a client tell that a body is shorter than its length',
        source: 'RFC 9112 section 8',
        because:
          'RFC 9112 section 8: the connection must be closed; anything that is sent on it would be read as the rest.',
        request: thenReport(keep('GET', saying(saysLength('99', 'body')))),
        expect: either(
          failsScript,
          ({ received, end }) => {
            assert.notEqual(end, 'open')
            assert.doesNotMatch(received, /next/)
            if (received !== '') assert.match(received, /Content-Length: 99\r\n/i)
          },
          sequence([200, 'body'], [...NEXT]),
        ),
      },
    ],
  ],
  [
    {
      contract: 'RES-5',
      source: 'RFC 3875 section 4.3.3, RFC 9110 section 9.3.2',
      level: 'MUST',
      because:
        'RFC 3875 section 4.3.3: if a script answers HEAD with a body, the server must discard it.',
    },
    [
      {
        title: 'sends no body to HEAD',
        request: ask('HEAD', saying(`${TYPE}X-Any: a\n\nsecret`)),
        expect: all(
          status(200),
          field('X-Any', 'a'),
          field('Content-Type', 'text/plain'),
          body(''),
          never(/secret/),
        ),
      },
      {
        title: 'keeps the length of the script for HEAD',
        level: 'SHOULD',
        source: 'RFC 9110 sections 8.6 and 9.3.2',
        because: 'RFC 9110 section 9.3.2: the fields of HEAD should be those of GET.',
        request: ask('HEAD', saying(saysLength('6', 'secret'))),
        expect: all(status(200), field('Content-Length', '6'), never(/secret/)),
      },
      {
        title: 'takes a HEAD answer without a body, though it has a length',
        source: 'RFC 9110 section 8.6',
        because: 'RFC 9110 section 8.6: the length of a HEAD answer is that of a GET.',
        request: ask('HEAD', saying(saysLength('6', ''))),
        expect: all(status(200), field('Content-Length', '6')),
      },
      {
        title: 'sends the status of a script to HEAD',
        request: ask('HEAD', saying(`Status: 404 Not Here\n${TYPE}\nsecret`)),
        expect: all(status(404), body(''), never(/secret/)),
      },
      {
        title: 'sends no body of an error to HEAD',
        request: ask('HEAD', '/cgi-bin/none.cgi'),
        expect: all(status(404), body('')),
      },
      {
        title: 'sends no body to HEAD where the script fails',
        request: ask('HEAD', saying('secret')),
        expect: failsScript,
      },
      {
        title: 'discards two megabytes after HEAD, and keeps in step',
        request: thenReport(keep('HEAD', '/cgi-bin/zeros.cgi?2000000')),
        expect: sequence([200, ''], [...NEXT]),
      },
      {
        title: 'keeps in step after HEAD',
        source: 'RFC 9112 section 6.3',
        because:
          'RFC 9112 section 6.3: an answer to HEAD ends with its header, whatever its fields say.',
        request: thenReport(
          keep('HEAD', saying(`${TYPE}\nsecret`)),
          keep('HEAD', saying(saysLength('6', 'secret'))),
        ),
        expect: all(sequence([200, ''], [200, ''], [...NEXT]), never(/secret/)),
      },
      {
        title: 'sends no body to HEAD of HTTP/1.0',
        request: rawRequest(`HEAD ${saying(`${TYPE}\nsecret`)} HTTP/1.0`),
        expect: all(status(200), never(/secret/)),
      },
    ],
  ],
  [
    {
      contract: 'RES-5',
      source: 'RFC 9110 sections 15.3.5 and 15.4.5, RFC 9112 section 6.3',
      level: 'MUST',
      because:
        'RFC 9112 section 6.3: these answers end with their header; what follows would be the next response. RFC 9110 section 8.6: a 204 has no Content-Length.',
    },
    [
      ...[
        [204, 'No Content'],
        [304, 'Not Modified'],
      ].flatMap(([code, reason]) => [
        {
          title: `sends ${code}`,
          request: say(`Status: ${code} ${reason}\nX-Any: a\n\n`),
          expect: all(status(Number(code), String(reason)), field('X-Any', 'a'), body('')),
        },
        {
          title: `sends ${code} with a type`,
          request: say(`Status: ${code} ${reason}\n${TYPE}\n`),
          expect: all(status(Number(code)), body('')),
        },
        {
          title: `drops a body of ${code}, and keeps in step`,
          request: thenReport(keep('GET', saying(`Status: ${code} ${reason}\n${TYPE}\nsecret`))),
          expect: all(sequence([Number(code), ''], [...NEXT]), never(/secret/)),
        },
        {
          title: `drops a body of ${code} that has a length, and keeps in step`,
          request: thenReport(
            keep('GET', saying(`Status: ${code} ${reason}\n${saysLength('6', 'secret')}`)),
          ),
          expect: all(sequence([Number(code), ''], [...NEXT]), never(/secret/)),
        },
      ]),
      {
        title: 'sends the validators of 304',
        source: 'RFC 9110 section 15.4.5',
        because: 'RFC 9110 section 15.4.5: a 304 must have the ETag that a 200 would have.',
        request: say('Status: 304\nETag: "a"\nCache-Control: max-age=5\nVary: Accept\n\n'),
        expect: all(
          status(304),
          field('ETag', '"a"'),
          field('Cache-Control', 'max-age=5'),
          field('Vary', 'Accept'),
        ),
      },
      {
        title: 'drops a body of 205',
        source: 'RFC 9110 section 15.3.6',
        because: 'RFC 9110 section 15.3.6: a 205 has no content.',
        request: thenReport(keep('GET', saying(`Status: 205 Reset Content\n${TYPE}\nsecret`))),
        expect: all(sequence([205, ''], [...NEXT]), never(/secret/)),
      },
      {
        title: 'answers a conditional request as the script does',
        source: 'RFC 9110 section 13.2, RFC 3875 section 6.3.3',
        because:
          'RFC 9110 section 13.2.1: conditions are for a server that knows the validators; a script that says 200 has looked at them, or may be helped by the server.',
        request: get(saying(`${TYPE}ETag: "a"\n\nbody`), 'If-None-Match: "a"'),
        expect: either(all(status(200), body('body')), all(status(304), body(''))),
      },
      {
        title: 'answers a request for a range as the script does',
        source: 'RFC 9110 section 14.2',
        because: 'RFC 9110 section 14.2: a server may ignore Range, or do it right.',
        request: get(saying(`${TYPE}\nbody`), 'Range: bytes=0-1'),
        expect: either(
          all(status(200), body('body')),
          all(status(206), body('bo'), field('Content-Range', 'bytes 0-1/4')),
        ),
      },
      {
        title: 'sends the 206 of a script',
        source: 'RFC 9110 section 15.3.7',
        because: 'RFC 9110 section 15.3.7: a script may do ranges itself.',
        request: get(
          saying(`Status: 206 Partial Content\nContent-Range: bytes 0-1/9\n${TYPE}\nbo`),
          'Range: bytes=0-1',
        ),
        expect: all(status(206), field('Content-Range', 'bytes 0-1/9'), body('bo')),
      },
      {
        title: 'sends a body with 4xx to GET, and none with the same to HEAD',
        source: 'RFC 9110 section 15.5',
        request:
          keep('GET', saying(`Status: 404\n${TYPE}\nbody`)) +
          ask('HEAD', saying(`Status: 404\n${TYPE}\nbody`)),
        expect: sequence([404, 'body'], [404, '']),
      },
      {
        title: 'answers where a script says nothing but a blank body',
        source: 'RFC 3875 section 6.2',
        request: say(`${TYPE}\n\n`),
        expect: all(answers(200), body('\n')),
      },
    ],
  ],
)
