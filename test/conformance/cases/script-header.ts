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
  status,
} from '../expectations.js'
import { get, say, saying } from '../requests.js'

const TYPE = 'Content-Type: text/plain\n'

/** Headers that mean the same, however they are written; each is followed by `body`. */
const SPELLINGS = [
  ['lines that end in LF', 'Content-Type: text/plain\nX-Any: a\n\nbody'],
  ['lines that end in CRLF', 'Content-Type: text/plain\r\nX-Any: a\r\n\r\nbody'],
  ['lines that end in LF, then CRLF', 'Content-Type: text/plain\nX-Any: a\r\n\nbody'],
  ['lines that end in CRLF, then LF', 'Content-Type: text/plain\r\nX-Any: a\n\r\nbody'],
  ['CRLF lines and an LF blank line', 'Content-Type: text/plain\r\nX-Any: a\r\n\nbody'],
  ['LF lines and a CRLF blank line', 'Content-Type: text/plain\nX-Any: a\n\r\nbody'],
  ['names in small letters', 'content-type: text/plain\nx-any: a\n\nbody'],
  ['names in capital letters', 'CONTENT-TYPE: text/plain\nX-ANY: a\n\nbody'],
  ['no blank after the colon', 'Content-Type:text/plain\nX-Any:a\n\nbody'],
  ['blanks around the value', 'Content-Type: \t text/plain \t \nX-Any:   a\t\n\nbody'],
  ['Content-Type last', 'X-Any: a\nContent-Type: text/plain\n\nbody'],
] as const

/** Fields of HTTP, which are for the client. */
const PASSED = [
  ['Cache-Control', 'no-store, max-age=0'],
  ['ETag', '"a-b"'],
  ['Expires', 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ['Content-Encoding', 'x-own'],
  ['Content-Disposition', 'attachment; filename="a b.txt"'],
  ['Content-Location', '/a/b'],
  ['Vary', 'Accept-Language'],
  ['Link', '</a>; rel="next"'],
  ['Retry-After', '120'],
  ['WWW-Authenticate', 'Basic realm="a \\"b\\""'],
  ['X-Colons', 'a:b::c'],
  ['X-Quotes', '"a, b"; c="d"'],
  ['X-Inner-Blanks', 'a  b\tc'],
  ['Refresh', '5; url=http://example.org/'],
  ["X!#$%&'*+.^_`|~", 'every character of a token'],
] as const

/** Media types, which go to the client as they are. */
const TYPES = [
  'text/html; charset=utf-8',
  'text/html;charset="UTF-8"',
  'TEXT/Plain; Charset=ISO-8859-1',
  'multipart/x-mixed-replace; boundary=a',
  'application/vnd.example+xml; a=b; c="d e"',
] as const

/** Headers that are none; `secret` follows. */
const BAD_HEADERS = [
  ['no header, but text', 'secret text\n'],
  ['no header, but a document', '<html>\n<body>secret</body></html>\n'],
  ['a line without a colon first', 'secret\nContent-Type: text/plain\n\nsecret'],
  ['a line without a colon later', `${TYPE}secret\n\nsecret`],
  ['no name', `${TYPE}: secret\n\nsecret`],
  ['a blank in a name', `${TYPE}X Bad: a\n\nsecret`],
  ['a blank before the colon', `${TYPE}X-Bad : a\n\nsecret`],
  ['a tab before the colon', `${TYPE}X-Bad\t: a\n\nsecret`],
  ['a parenthesis in a name', `${TYPE}X(Bad): a\n\nsecret`],
  ['a slash in a name', `${TYPE}X/Bad: a\n\nsecret`],
  ['a byte over 0x7F in a name', `${TYPE}X-B\xe4d: a\n\nsecret`],
  ['a control character in a name', `${TYPE}X-\x01: a\n\nsecret`],
  ['a NUL in a value', `${TYPE}X-Bad: a\0b\n\nsecret`],
  ['a bell in a value', `${TYPE}X-Bad: a\x07b\n\nsecret`],
  ['an escape in a value', `${TYPE}X-Bad: \x1b[31m\n\nsecret`],
  ['a vertical tab in a value', `${TYPE}X-Bad: a\x0bb\n\nsecret`],
  ['a DEL in a value', `${TYPE}X-Bad: a\x7fb\n\nsecret`],
  ['a continued line first', ` X-Bad: a\n${TYPE}\nsecret`],
] as const

export const scriptHeaderCases: readonly Case[] = table(
  'output',
  [
    {
      contract: 'HDR-1',
      source: 'RFC 3875 sections 6.2.1, 6.3 and 7.2',
      level: 'MUST',
      because:
        'RFC 3875 section 6.3: names are case-insensitive, blanks may stand around a value; section 7.2: lines end in LF, servers should take CRLF, too.',
    },
    [
      ...SPELLINGS.map(([what, bytes]) => ({
        title: `reads a header with ${what}`,
        request: say(bytes),
        expect: all(
          status(200),
          field('Content-Type', 'text/plain'),
          field('X-Any', 'a'),
          body('body'),
        ),
      })),
      ...['\n', '\r\n'].map((newline) => ({
        title: `reads a header that comes byte by byte, in ${newline === '\n' ? 'LF' : 'CRLF'}`,
        request: get(
          saying(
            ['X-Any: a', 'Content-Type: text/plain', '', 'body'].join(newline),
            'say-slowly.cgi',
          ),
        ),
        expect: all(
          status(200),
          field('Content-Type', 'text/plain'),
          field('X-Any', 'a'),
          body('body'),
        ),
      })),
      {
        title: 'assumes status 200',
        source: 'RFC 3875 section 6.2.1',
        request: say(`${TYPE}\nbody`),
        expect: status(200, 'OK'),
      },
      {
        title: 'joins a folded line, or refuses it',
        source: 'RFC 3875 section 6.3, RFC 9112 section 5.2',
        because:
          'RFC 3875 section 6.3 knows no folded lines; RFC 9112 section 5.2 lets a server join them, but not send them.',
        request: say(`${TYPE}X-Folded: a\n  b\n\tc\n\nbody`),
        expect: either(all(status(200), field('X-Folded', 'a b c'), body('body')), failsScript),
      },
      {
        title: 'keeps a body that begins with blank lines',
        source: 'RFC 3875 sections 6.2 and 6.4',
        because: 'RFC 3875 section 6.4: the body is sent unmodified.',
        request: say(`${TYPE}\n\n\r\n\nbody`),
        expect: body('\n\r\n\nbody'),
      },
      {
        title: 'keeps a body that looks like a header',
        source: 'RFC 3875 section 6.4',
        because: 'RFC 3875 section 6.4: the body is sent unmodified.',
        request: say(`${TYPE}\nStatus: 404\nX-Any: a\n\nbody`),
        expect: all(status(200), field('X-Any'), body('Status: 404\nX-Any: a\n\nbody')),
      },
      {
        title: 'keeps all bytes of a body',
        source: 'RFC 3875 section 6.4',
        because: 'RFC 3875 section 6.4: the body is sent unmodified.',
        request: say(
          `${TYPE}\n${String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))}`,
        ),
        expect: body(String.fromCharCode(...Array.from({ length: 256 }, (_, index) => index))),
      },
      {
        title: 'sends a body of no bytes',
        source: 'RFC 3875 section 6.2',
        because: 'RFC 3875 section 6.2: the body may be NULL.',
        request: say(`${TYPE}\n`),
        expect: all(status(200), field('Content-Type', 'text/plain'), body('')),
      },
      {
        title: 'sends a body of two megabytes',
        source: 'RFC 3875 sections 6.4 and 9.6',
        because: 'RFC 3875 section 6.4: the server must read all data of the script.',
        request: get('/cgi-bin/zeros.cgi?2000000'),
        expect: all(status(200), (exchange) => {
          assert.equal(onlyResponse(exchange).body.length, 2_000_000)
        }),
      },
    ],
  ],
  [
    {
      contract: 'HDR-1',
      source: 'RFC 3875 section 6.3.4',
      level: 'MUST',
      because:
        'RFC 3875 section 6.3.4: a script may send any field of HTTP, which the server translates.',
    },
    [
      ...PASSED.map(([name, value]) => ({
        title: `hands ${name} on to the client`,
        request: say(`${TYPE}${name}: ${value}\n\nbody`),
        expect: all(status(200), field(name, value), body('body')),
      })),
      ...TYPES.map((type) => ({
        title: `hands on Content-Type: ${type}`,
        source: 'RFC 3875 section 6.3.1',
        because:
          'RFC 3875 section 6.3.1: the value should be sent unmodified, and above all not be parsed and written anew.',
        level: 'SHOULD' as const,
        request: say(`Content-Type: ${type}\n\nbody`),
        expect: all(status(200), field('Content-Type', type), body('body')),
      })),
      ...[
        ['a byte of Latin-1', '\xe9'],
        ['UTF-8', '\xc3\xa9\xe2\x82\xac'],
        ['bytes from 0x80 to 0xFF', '\x80\x9f\xa0\xff'],
      ].map(([what = '', value = '']) => ({
        title: `keeps ${what} in a value`,
        source: 'RFC 3875 section 7.2, RFC 9110 section 5.5',
        because:
          'RFC 3875 section 7.2: TEXT is ISO-8859-1; RFC 9110 section 5.5: bytes over 0x7F are opaque.',
        request: say(`${TYPE}X-Bytes: a${value}b\n\nbody`),
        expect: all(status(200), field('X-Bytes', `a${value}b`), body('body')),
      })),
      {
        title: 'sends one Content-Type, or refuses two that differ',
        source: 'RFC 3875 section 6.3, RFC 9110 section 5.3',
        because:
          'RFC 3875 section 6.3: a CGI field must not be there twice; RFC 9110 section 5.3: nor may a server send a field twice that is no list.',
        request: say('Content-Type: text/plain\nContent-Type: text/html\n\nsecret'),
        expect: either(failsScript, (exchange) => {
          assert.equal(onlyResponse(exchange).all('Content-Type').length, 1)
        }),
      },
      {
        title: 'sends one Content-Type where the script sends the same twice',
        source: 'RFC 3875 section 6.3, RFC 9110 section 5.3',
        because: 'RFC 9110 section 5.3: a server must not send a field twice that is no list.',
        request: say(`${TYPE}${TYPE}\nsecret`),
        expect: either(failsScript, field('Content-Type', 'text/plain')),
      },
      {
        title: 'sends one Date where the script sends two, or refuses them',
        source: 'RFC 3875 section 6.3.4, RFC 9110 section 5.3',
        because: 'RFC 9110 section 5.3: a server must not send a field twice that is no list.',
        request: say(
          `${TYPE}Date: Sun, 06 Nov 1994 08:49:37 GMT\nDate: Sun, 06 Nov 1994 08:49:38 GMT\n\nsecret`,
        ),
        expect: either(failsScript, (exchange) => {
          assert.equal(onlyResponse(exchange).all('Date').length, 1)
        }),
      },
      {
        title: 'keeps cookies apart, in their order',
        contract: 'HDR-3',
        source: 'RFC 6265 section 3, RFC 3875 section 6.3.4',
        because: 'RFC 6265 section 3: several Set-Cookie fields must not be folded into one.',
        request: say(`Set-Cookie: a=1; Path=/\n${TYPE}Set-Cookie: b=2, 3\nSet-Cookie: a=4\n\nbody`),
        expect: all(status(200), field('Set-Cookie', 'a=1; Path=/', 'b=2, 3', 'a=4'), body('body')),
      },
      {
        title: 'keeps two fields of one name, in their order',
        contract: 'HDR-3',
        source: 'RFC 9110 section 5.3',
        because:
          'RFC 9110 section 5.3: the order of fields of one name has a meaning; joining them by commas is allowed.',
        request: say(`${TYPE}X-Two: a\nX-Other: x\nX-Two: b\n\nbody`),
        expect: (exchange) => {
          assert.match(onlyResponse(exchange).all('X-Two').join(', '), /^a, ?b$/)
        },
      },
      {
        title: 'keeps two WWW-Authenticate fields',
        contract: 'HDR-3',
        source: 'RFC 9110 sections 5.3 and 11.6.1',
        because: 'RFC 9110 section 11.6.1: each is a challenge of its own.',
        request: say(
          'Status: 401\nWWW-Authenticate: Basic realm="a"\nWWW-Authenticate: Bearer\n\n',
        ),
        expect: (exchange) => {
          const given = onlyResponse(exchange).all('WWW-Authenticate').join(', ')
          assert.equal(given, 'Basic realm="a", Bearer')
        },
      },
      {
        title: 'takes 150 fields',
        source: 'RFC 3875 section 9.6',
        because: 'RFC 3875 section 9.6: there is no limit on the length of the header.',
        request: say(
          `${TYPE}${Array.from({ length: 150 }, (_, index) => `X-${index}: ${index}\n`).join('')}\nbody`,
        ),
        expect: all(status(200), field('X-0', '0'), field('X-149', '149'), body('body')),
      },
      {
        title: 'takes a field of 6000 bytes',
        source: 'RFC 3875 section 9.6',
        because: 'RFC 3875 section 9.6: no buffers of a fixed size.',
        request: get('/cgi-bin/fill-header.cgi?6000'),
        expect: all(status(200), field('X-Fill', 'x'.repeat(6000)), body('filled')),
      },
      {
        title: 'takes a field of 30000 bytes',
        level: 'SHOULD',
        source: 'RFC 3875 section 9.6',
        because: 'RFC 3875 section 9.6: no buffers of a fixed size.',
        request: get('/cgi-bin/fill-header.cgi?30000'),
        expect: all(status(200), field('X-Fill', 'x'.repeat(30000)), body('filled')),
      },
      {
        title: 'bounds the size of a header, or sends it',
        source: 'RFC 3875 section 9.6',
        because:
          'RFC 3875 section 9.6: a header that is too large is an error, and no reason to fall over.',
        request: get('/cgi-bin/fill-header.cgi?500000'),
        expect: either(failsScript, all(status(200), field('X-Fill', 'x'.repeat(500000)))),
      },
      {
        title: 'keeps X-CGI- fields, or drops them',
        level: 'MAY',
        source: 'RFC 3875 section 6.3.5',
        because: 'RFC 3875 section 6.3.5: a server may delete them.',
        request: say(`${TYPE}X-CGI-Own: a\n\nbody`),
        expect: all(status(200), either(field('X-CGI-Own'), field('X-CGI-Own', 'a')), body('body')),
      },
      ...['Server: mine/1', 'Date: Sun, 06 Nov 1994 08:49:37 GMT'].map((line) => ({
        title: `sends one ${line.slice(0, line.indexOf(':'))} and not two`,
        level: 'SHOULD' as const,
        source: 'RFC 3875 section 6.3.4',
        because:
          'RFC 3875 section 6.3.4: a server should resolve conflicts with fields that it sends itself.',
        request: say(`${TYPE}${line}\n\nbody`),
        expect: all(status(200), (exchange) => {
          assert.equal(onlyResponse(exchange).all(line.slice(0, line.indexOf(':'))).length, 1)
        }),
      })),
      {
        title: 'sends a Date',
        source: 'RFC 9110 section 6.6.1',
        because: 'RFC 9110 section 6.6.1: an origin server with a clock must send Date.',
        request: say(`${TYPE}\nbody`),
        expect: (exchange) => {
          assert.match(
            onlyResponse(exchange).all('date').join(),
            /^\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT$/,
          )
        },
      },
      {
        title: 'makes no type up for a body that has none',
        contract: 'RES-1',
        level: 'SHOULD',
        source: 'RFC 3875 section 6.3.1',
        because:
          'RFC 3875 section 6.3.1: if the script sends no Content-Type, the server should not guess it.',
        request: say('X-Any: a\n\n<html>body</html>'),
        expect: either(
          all(status(200), field('Content-Type'), body('<html>body</html>')),
          failsScript,
        ),
      },
    ],
  ],
  [
    {
      contract: 'HDR-3',
      source: 'RFC 3875 section 6.3.4, RFC 9110 section 7.6.1',
      level: 'MUST',
      because:
        'RFC 3875 section 6.3.4: what is about the connection is the business of the server; RFC 3875 section 3.1: it answers for the protocol even if the script fails to.',
    },
    [
      ['Connection', 'X-Named'],
      ['Connection', 'upgrade'],
      ['Keep-Alive', 'timeout=999'],
      ['Proxy-Connection', 'keep-alive'],
      ['TE', 'trailers'],
      ['Trailer', 'X-None'],
      ['Upgrade', 'websocket'],
      ['Transfer-Encoding', 'gzip'],
      ['Transfer-Encoding', 'identity'],
    ].map(([name = '', value = '']) => ({
      title: `sends no ${name}: ${value} of a script`,
      request: say(`${TYPE}${name}: ${value}\n\nbody`),
      expect: either(
        all(status(200), body('body'), (exchange) => {
          assert.doesNotMatch(onlyResponse(exchange).all(name).join(), new RegExp(value))
        }),
        failsScript,
      ),
    })),
  ],
  [
    {
      contract: 'HDR-3',
      source: 'RFC 9112 sections 6.1 and 7, RFC 3875 section 6.4',
      level: 'MUST',
      because:
        'RFC 3875 section 6.4: codings are added by the server; a client that expects chunks which do not come reads a wrong body.',
    },
    [
      {
        title: 'frames the body itself, whatever Transfer-Encoding the script sends',
        request: say(`${TYPE}Transfer-Encoding: chunked\n\nbody`),
        expect: either(all(status(200), body('body')), failsScript),
      },
      {
        title: 'sends chunks of a script as its body, or decodes them',
        request: say(`${TYPE}Transfer-Encoding: chunked\n\n4\r\nbody\r\n0\r\n\r\n`),
        expect: either(all(status(200), body(/^(?:4\r\nbody\r\n0\r\n\r\n|body)$/)), failsScript),
      },
    ],
  ],
  [
    {
      contract: 'HDR-1',
      source: 'RFC 3875 sections 3.1 and 6.3, RFC 9110 section 5',
      level: 'MUST',
      because:
        'RFC 3875 section 3.1: the server keeps to the protocol even if the script does not; what is no header is an error (RFC 9110 section 15.6.3), and must not be sent as one.',
    },
    [
      ...BAD_HEADERS.map(([what, bytes]) => ({
        title: `refuses a header with ${what}`,
        request: say(bytes),
        expect: failsScript,
      })),
      {
        title: 'refuses a response without a byte',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.1',
        because: 'RFC 3875 section 6.1: a script must always provide a non-empty response.',
        request: say(''),
        expect: failsScript,
      },
      {
        title: 'refuses a response without a field',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.2',
        because: 'RFC 3875 section 6.2: the header has one or more fields.',
        request: say('\nsecret'),
        expect: failsScript,
      },
      {
        title: 'refuses a response of a blank line in CRLF',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.2',
        because: 'RFC 3875 section 6.2: the header has one or more fields.',
        request: say('\r\n\r\nsecret'),
        expect: failsScript,
      },
      {
        title: 'refuses a header that has no end',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.2',
        because: 'RFC 3875 section 6.2: a blank line ends the header.',
        request: say('Content-Type: text/plain\nX-Secret: secret\n'),
        expect: failsScript,
      },
      {
        title: 'refuses a header that ends within a line',
        contract: 'RES-1',
        source: 'RFC 3875 section 6.2',
        because: 'RFC 3875 section 6.2: a blank line ends the header.',
        request: say('Content-Type: text/pl'),
        expect: failsScript,
      },
      {
        title: 'answers with an error where a script is killed before it answers',
        contract: 'RES-6',
        source: 'RFC 9110 section 15.6.3, RFC 3875 section 6.1',
        because: 'RFC 3875 section 6.1: there must be a response, and there is none.',
        request: get('/cgi-bin/die-early.cgi'),
        expect: failsScript,
      },
    ],
  ],
  [
    {
      contract: 'HDR-1',
      source: 'RFC 9110 section 5.5, RFC 9112 section 11.1',
      level: 'security',
      because:
        'RFC 9112 section 11.1 (response splitting): a bare CR in a value ends the line for some clients; RFC 9110 section 5.5 has it refused or made a blank.',
    },
    [
      ['in a value', `${TYPE}X-Bad: a\rX-Evil: b\n\nsecret`],
      ['in a value, twice', `${TYPE}X-Bad: a\r\r\n\nsecret`],
      ['before a blank line', `${TYPE}X-Bad: a\r\r\nX-Evil: b\n\nsecret`],
      ['in a Location', 'Location: http://example.org/\rX-Evil: b\n\n'],
      ['in a Status', `Status: 200 OK\rX-Evil: b\n${TYPE}\nsecret`],
      ['as the only line end', 'Content-Type: text/plain\rX-Evil: b\r\rsecret'],
    ].map(([where = '', bytes = '']) => ({
      title: `does not send a bare CR ${where}`,
      request: say(bytes),
      expect: either(failsScript, all(answers(200, 302), never(/\r(?!\n)/), field('X-Evil'))),
    })),
  ],
  [
    {
      contract: 'LOG-1',
      source: 'RFC 3875 section 6.1',
      level: 'MUST',
      because: 'RFC 3875 section 6.1: the response is what comes on the standard output.',
    },
    [
      {
        title: 'sends nothing of the standard error',
        request: get('/cgi-bin/errors.cgi'),
        expect: all(status(200), field('X-Error'), body('answered'), never(/on standard error/)),
      },
      {
        title: 'is not held up by a flood of errors',
        request: get('/cgi-bin/flood-errors.cgi'),
        expect: all(status(200), body('answered'), never(/eeee/)),
      },
      {
        title: 'sends the response of a script that fails after it',
        contract: 'RES-6',
        source: 'RFC 3875 section 6.4',
        because:
          'RFC 3875 section 6.4: the response is all data up to the end of the file; the RFC knows no exit codes.',
        request: get('/cgi-bin/exit-3.cgi'),
        expect: all(status(200), body('answered')),
      },
      {
        title: 'lets a client tell that a script was killed in its body',
        contract: 'RES-6',
        source: 'RFC 9112 section 8, RFC 9110 section 6.1',
        level: 'SHOULD',
        because:
          'RFC 9112 section 8: a body whose end has not come is incomplete; a server that ends it properly makes it look complete.',
        request: ({ gate }) => [
          { send: get(`/cgi-bin/die.cgi?${gate}`) },
          { until: /half/ },
          { open: 'gate' },
        ],
        expect: (exchange) => {
          const [response] = exchange.responses()
          assert.equal(response?.body, 'half')
          assert.ok(
            !response.isComplete || exchange.end === 'reset',
            'half a body passes for the whole',
          )
        },
      },
    ],
  ],
)
