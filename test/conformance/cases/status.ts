import { STATUS_CODES } from 'node:http'
import { type Case, table } from '../case.js'
import { all, answers, body, either, failsScript, field, never, status } from '../expectations.js'
import { get, say, saying } from '../requests.js'

const TYPE = 'Content-Type: text/plain\n'

/** Codes that need nothing else, and have a body. */
const CODES = [
  200, 201, 202, 207, 300, 400, 401, 403, 405, 410, 418, 429, 451, 500, 503, 511,
] as const

/** Codes that no registry has; RFC 3875 section 6.3.3: any three digits. */
const OWN_CODES = [299, 399, 499, 599] as const

/** Where and how a Status can stand. */
const SPELLINGS = [
  ['first', `Status: 404 Not Here\n${TYPE}\nbody`],
  ['last', `${TYPE}Status: 404 Not Here\n\nbody`],
  ['in the middle', `X-Any: a\nStatus: 404 Not Here\n${TYPE}\nbody`],
  ['in small letters', `status: 404 Not Here\n${TYPE}\nbody`],
  ['in capital letters', `STATUS: 404 Not Here\n${TYPE}\nbody`],
  ['without a blank', `Status:404 Not Here\n${TYPE}\nbody`],
  ['with blanks around it', `Status: \t 404 Not Here \t\n${TYPE}\nbody`],
  ['in CRLF', `Status: 404 Not Here\r\n${TYPE}\r\nbody`],
] as const

/** What is no Status. */
const BAD = [
  '99',
  '1000',
  '099',
  '600',
  '999',
  '000',
  'OK',
  'Not Found',
  '40x',
  '4 04',
  '-404',
  '+404',
  '404.1',
  '0x194',
  '4e2',
  '404Not Found',
  '"404"',
] as const

export const statusCases: readonly Case[] = table(
  'status',
  [
    {
      contract: 'HDR-2',
      source: 'RFC 3875 section 6.3.3',
      level: 'MUST',
      because: 'RFC 3875 section 6.3.3: the Status of the script is the status of the response.',
    },
    [
      ...SPELLINGS.map(([where, bytes]) => ({
        title: `takes a Status ${where}`,
        request: say(bytes),
        expect: all(
          status(404),
          field('Status'),
          field('Content-Type', 'text/plain'),
          body('body'),
        ),
      })),
      {
        title: 'takes a Status that comes byte by byte',
        request: get(saying(`Status: 403 Forbidden\r\n${TYPE}\nbody`, 'say-slowly.cgi')),
        expect: all(
          status(403),
          field('Status'),
          field('Content-Type', 'text/plain'),
          body('body'),
        ),
      },
      {
        title: 'sends the reason that the script gives',
        request: say(`Status: 404 Not Here\n${TYPE}\nbody`),
        expect: all(status(404, 'Not Here'), body('body')),
      },
      ...CODES.map((code) => ({
        title: `answers ${code} where the script does`,
        request: say(`Status: ${code} ${STATUS_CODES[code]}\n${TYPE}\nbody`),
        expect: all(status(code), field('Status'), body('body')),
      })),
      ...OWN_CODES.map((code) => ({
        title: `answers ${code}, which is nobody's`,
        request: say(`Status: ${code} Own Words\n${TYPE}\nbody`),
        expect: all(status(code), body('body')),
      })),
      ...[200, 403, 404, 503].map((code) => ({
        title: `answers ${code} where the script gives no reason`,
        request: say(`Status: ${code}\n${TYPE}\nbody`),
        expect: all(
          either(status(code, STATUS_CODES[code]), status(code, '')),
          field('Status'),
          body('body'),
        ),
      })),
      {
        title: 'answers a code that has neither a name nor a reason',
        request: say(`Status: 299\n${TYPE}\nbody`),
        expect: all(status(299), body('body')),
      },
      {
        title: 'answers with a reason that ends in a blank',
        request: say(`Status: 404 \n${TYPE}\nbody`),
        expect: all(status(404), body('body')),
      },
      {
        title: 'answers with a reason of many words',
        request: say(`Status: 404 Nothing (at all); "here": 100%\n${TYPE}\nbody`),
        expect: all(status(404, 'Nothing (at all); "here": 100%'), body('body')),
      },
      {
        title: 'keeps bytes over 0x7F in a reason, or leaves them out',
        source: 'RFC 3875 section 7.2, RFC 9112 section 4',
        request: say(`Status: 404 Nicht gef\xfcnden\n${TYPE}\nbody`),
        expect: all(
          either(status(404, 'Nicht gef\xfcnden'), status(404, 'Not Found')),
          body('body'),
        ),
      },
      {
        title: 'answers with a Status and no body',
        source: 'RFC 3875 section 6.2',
        request: say('Status: 404 Not Found\n\n'),
        expect: all(status(404), body('')),
      },
      {
        title: 'takes a Status that is there twice, the same, or refuses it',
        source: 'RFC 3875 section 6.3',
        request: say(`Status: 404 Not Here\n${TYPE}Status: 404 Not Here\n\nbody`),
        expect: either(all(status(404), field('Status'), body('body')), failsScript),
      },
    ],
  ],
  [
    {
      contract: 'HDR-2',
      source: 'RFC 3875 sections 3.1 and 6.3.3',
      level: 'MUST',
      because:
        'RFC 3875 section 6.3.3: three digits; section 3.1: the server keeps to the protocol even if the script does not. Anything else cannot be sent, and 200 is not what the script said.',
    },
    [
      ...BAD.map((value) => ({
        title: `refuses Status: ${value}`,
        request: say(`Status: ${value}\n${TYPE}\nsecret`),
        expect: failsScript,
      })),
      ...[100, 101, 102, 103].map((code) => ({
        title: `does not send the interim status ${code} for a final one`,
        source: 'RFC 9110 section 15.2',
        because:
          'RFC 9110 section 15.2: a 1xx is no final response; the client would wait for a final response for ever.',
        request: say(`Status: ${code}\n${TYPE}\nsecret`),
        expect: failsScript,
      })),
      {
        title: 'refuses two different Status fields',
        source: 'RFC 3875 section 6.3',
        because:
          'RFC 3875 section 6.3: a CGI field must not be there twice; a server that picks one guesses.',
        request: say(`Status: 200 OK\nStatus: 404 Not Found\n${TYPE}\nsecret`),
        expect: failsScript,
      },
      {
        title: 'takes an empty Status as none, or as a fault of the script',
        source: 'RFC 3875 sections 6.3 and 6.3.3',
        because:
          'RFC 3875 section 6.3.3: a Status has a code of three digits; section 6.3: a NULL field value is equivalent to a field not being sent.',
        request: say(`Status:\n${TYPE}\nbody`),
        expect: either(all(status(200), field('Status'), body('body')), failsScript),
      },
      {
        title: 'takes an empty Content-Length as none',
        contract: 'RES-5',
        source: 'RFC 3875 section 6.3',
        because:
          'RFC 3875 section 6.3: a NULL field value is equivalent to a field not being sent.',
        request: say(`Content-Length:\n${TYPE}\nbody`),
        expect: all(status(200), body('body')),
      },
      {
        title: 'takes an empty Location as none',
        contract: 'RES-3',
        source: 'RFC 3875 section 6.3',
        because:
          'RFC 3875 section 6.3: a NULL field value is equivalent to a field not being sent.',
        request: say(`Location:\n${TYPE}\nbody`),
        expect: all(status(200), body('body'), either(field('Location'), field('Location', ''))),
      },
    ],
  ],
  [
    {
      contract: 'HDR-4',
      source: 'RFC 3875 sections 5.1 and 6.2',
      level: 'MUST',
      because:
        'RFC 3875 section 5.1: only its name makes a script an NPH script; section 6.2 has no status line, which must not become a field. To read it as the status is what its author meant.',
    },
    [
      ['HTTP/1.1 404 Not Here', 'in CRLF', '\r\n'],
      ['HTTP/1.0 404 Not Here', 'of HTTP/1.0', '\n'],
      ['HTTP/1.1 404 Not Here', 'in LF', '\n'],
    ].map(([line = '', what = '', newline = '']) => ({
      title: `reads a status line ${what} as the status, or refuses it`,
      request: say([line, 'Content-Type: text/plain', '', 'body'].join(newline)),
      expect: all(
        either(all(status(404, 'Not Here'), body('body')), failsScript),
        never(/\nHTTP\/1/),
      ),
    })),
  ],
  [
    {
      contract: 'HDR-4',
      source: 'RFC 3875 section 6.3',
      level: 'MUST',
      because: 'RFC 3875 section 6.3: a field name is a token, and a status line has none.',
    },
    [
      {
        title: 'refuses a status line that is not first',
        request: say(`${TYPE}HTTP/1.1 404 Not Found\n\nsecret`),
        expect: failsScript,
      },
      {
        title: 'refuses a status line and another Status',
        request: say(`HTTP/1.1 404 Not Found\nStatus: 200 OK\n${TYPE}\nsecret`),
        expect: either(failsScript, answers(200)),
      },
    ],
  ],
)
