import { all, answers, either, never, refuses, sequence, variables } from '../expectations.js'
import { type Case, table } from '../case.js'
import { get, keep, rawRequest, REPORT } from '../requests.js'

/** Paths that a file system and a script could be fooled with, whichever part of the URL they are in. */
const NEVER_VALID = [
  ['a NUL', `${REPORT}/a%00b`],
  ['a NUL in the name of the script', '/cgi-bin/report.cgi%00'],
  ['a NUL before an extension', '/cgi-bin/report.cgi%00.txt'],
  ['an escape that is not hexadecimal', `${REPORT}/%zz`],
  ['an escape whose second digit is not hexadecimal', `${REPORT}/%4g`],
  ['half an escape', `${REPORT}/%4`],
  ['a percent sign alone', `${REPORT}/%`],
  ['a percent sign in the middle', `${REPORT}/100%/a`],
  ['an escape as JavaScript had it', `${REPORT}/%u0041`],
  ['a broken escape in the name of the script', '/cgi-bin/repor%7.cgi'],
] as const

/** Bytes that are no UTF-8 (RFC 3629 section 3): the same name must not have two spellings. */
const NOT_UTF8 = [
  ['a slash in two bytes', '%c0%af'],
  ['a dot in two bytes', '%c0%ae%c0%ae'],
  ['a slash in three bytes', '%e0%80%af'],
  ['a slash in four bytes', '%f0%80%80%af'],
  ['a NUL in two bytes', '%c0%80'],
  ['half of a surrogate pair', '%ed%a0%80'],
  ['a byte of Latin-1', '%e9'],
  ['the byte FF', '%ff'],
  ['the beginning of a character', '%c3'],
  ['the end of a character', '%a9'],
  ['a code point over 10FFFF', '%f4%90%80%80'],
] as const

/** Ways up; none may reach what is outside of the root, nor run another script than it says. */
const WAYS_UP = [
  ['at the beginning', '/cgi-bin/../cgi-bin/report.cgi'],
  ['to a file outside of cgi-bin', '/cgi-bin/../outside.cgi'],
  ['past the root', '/../../../../../../etc/passwd'],
  ['past the root of scripts', '/cgi-bin/../../../../../../etc/passwd'],
  ['with encoded dots', '/cgi-bin/%2e%2e/%2e%2e/outside.cgi'],
  ['with one encoded dot', '/cgi-bin/.%2e/.%2E/outside.cgi'],
  ['with encoded slashes (CVE-2021-41773)', '/cgi-bin/..%2f..%2foutside.cgi'],
  ['all of it encoded (CVE-2021-42013)', '/cgi-bin/%%32%65%%32%65/outside.cgi'],
  ['encoded twice', '/cgi-bin/%252e%252e/%252e%252e/outside.cgi'],
  ['with backslashes', '/cgi-bin/..\\..\\outside.cgi'],
  ['with encoded backslashes', '/cgi-bin/..%5c..%5coutside.cgi'],
  ['in overlong UTF-8', '/cgi-bin/%c0%ae%c0%ae/%c0%ae%c0%ae/outside.cgi'],
  ['through a script', '/cgi-bin/report.cgi/../../../outside.cgi'],
  ['through a folder', '/cgi-bin/folder/../../../outside.cgi'],
  ['with a parameter', '/cgi-bin/..;/..;/outside.cgi'],
] as const

/** What is not a valid request line at all (RFC 9112 section 3). */
const BAD_REQUEST_LINES = [
  ['a space in the target', `GET ${REPORT}/a b HTTP/1.1`],
  ['a tab in the target', `GET ${REPORT}/a\tb HTTP/1.1`],
  ['a control character in the target', `GET ${REPORT}/a\x01b HTTP/1.1`],
  ['a DEL in the target', `GET ${REPORT}/a\x7fb HTTP/1.1`],
  ['a NUL in the target', `GET ${REPORT}/a\0b HTTP/1.1`],
  ['no slash at the beginning', 'GET cgi-bin/report.cgi HTTP/1.1'],
  ['no target', 'GET  HTTP/1.1'],
  ['no version that there is', `GET ${REPORT} HTTP/1.x`],
  ['a version in small letters', `GET ${REPORT} http/1.1`],
  ['a protocol that is not HTTP', `GET ${REPORT} FTP/1.1`],
  ['a space before the method', ` GET ${REPORT} HTTP/1.1`],
  ['a character in the method that is no token', `G(T ${REPORT} HTTP/1.1`],
  ['more after the version', `GET ${REPORT} HTTP/1.1 x`],
] as const

const LONG = 'x'.repeat(8000 - REPORT.length - 1)

export const targetCases: readonly Case[] = table(
  'target',
  [
    {
      contract: 'MAP-3',
      source: 'RFC 3986 section 2.1, RFC 3875 section 4.1.5',
      level: 'security',
      because:
        'RFC 3986 section 2.1 gives such a path no meaning. A server that guesses one runs scripts by names that access rules do not match.',
    },
    NEVER_VALID.map(([what, target]) => ({
      title: `refuses a path with ${what}`,
      request: get(target),
      expect: refuses(400, 404),
    })),
  ],
  [
    {
      contract: 'MAP-3',
      source: 'RFC 3629 sections 3 and 10, RFC 3875 section 4.1.5',
      level: 'security',
      because:
        'RFC 3629 section 10: a decoder that accepts invalid sequences gives a path a second spelling. RFC 3875 section 4.1.5 leaves bytes over 0x7F to the server; passing them on is allowed, too, but gives scripts names that no file has.',
    },
    NOT_UTF8.map(([what, bytes]) => ({
      title: `does not take for valid UTF-8 ${what}`,
      request: get(`${REPORT}/${bytes}`),
      // Section 4.1.5: treatment of other characters than US-ASCII is system-defined.
      expect: either(refuses(400, 404), (exchange) => {
        const raw = Buffer.from(bytes.replaceAll('%', ''), 'hex').toString('latin1')
        variables({ PATH_INFO: `/${raw}` })(exchange)
      }),
    })),
  ],
  [
    {
      contract: 'MAP-4',
      source: 'RFC 3875 section 9.8',
      level: 'security',
      because:
        'RFC 3875 section 9.8: dot segments are to be resolved before the path is split, and must not lead outside.',
    },
    WAYS_UP.map(([what, target]) => ({
      title: `does not go up ${what}`,
      request: get(target),
      expect: all(
        either(refuses(301, 307, 308, 400, 403, 404), variables({ SCRIPT_NAME: REPORT })),
        never(/secret|root:/),
      ),
    })),
  ],
  [
    {
      contract: 'MAP-3',
      source: 'RFC 3875 sections 4.1.5 and 9.8',
      level: 'MAY',
      because:
        'RFC 3875 section 4.1.5 lets a server refuse what could lose information; section 9.8 warns of dot segments. A server may resolve them, but not hand them to a script.',
    },
    [
      ['a dot segment', `${REPORT}/a/./b`],
      ['a dot segment up', `${REPORT}/a/../b`],
      ['an encoded dot segment', `${REPORT}/a/%2e%2e/b`],
      ['a dot segment at the end', `${REPORT}/a/..`],
      ['an encoded slash in it', `${REPORT}/a%2fb`],
      ['an encoded slash and dots', `${REPORT}/a%2f..%2fb`],
    ].map(([what = '', target = '']) => ({
      title: `never hands ${what} of PATH_INFO to a script`,
      request: get(target),
      expect: either(
        refuses(301, 307, 308, 400, 404),
        variables({ PATH_INFO: /^(?:\/b|\/a\/b|\/|\/a\/)?$/ }),
      ),
    })),
  ],
  [
    {
      contract: 'MAP-3',
      source: 'RFC 9110 section 4.2.3, RFC 3875 section 4.1.13',
      level: 'security',
      because:
        'An encoded slash or a backslash is data within a segment (RFC 3986 section 2.2); a server that takes it for a separator runs scripts by names that are not theirs.',
    },
    [
      ['an encoded slash', '/cgi-bin/folder%2freport.cgi'],
      ['an encoded slash in the mount', '/cgi-bin%2freport.cgi'],
      ['an encoded backslash', '/cgi-bin/folder%5creport.cgi'],
      ['a backslash', '/cgi-bin/folder\\report.cgi'],
    ].map(([what = '', target = '']) => ({
      title: `does not take ${what} for a separator of folders`,
      request: get(target),
      expect: refuses(400, 403, 404),
    })),
  ],
  [
    {
      contract: 'MAP-1',
      source: 'RFC 9112 section 3',
      level: 'MUST',
      because:
        'RFC 9112 section 3: a server should answer 400 to an invalid request line, and must not guess what it means.',
    },
    BAD_REQUEST_LINES.map(([what, line]) => ({
      title: `refuses a request line with ${what}`,
      request: rawRequest(line, ['Host: www.example.org', 'Connection: close']),
      expect: refuses(400, 404, 405, 501, 505),
    })),
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 9112 section 3.2.2',
      level: 'MUST',
      because:
        'RFC 9112 section 3.2.2: a server must accept the absolute form, and must take its host and not that of the Host field.',
    },
    [
      {
        title: 'accepts a target in absolute form',
        request: get('http://www.example.org/cgi-bin/report.cgi/a?b'),
        expect: variables({ SCRIPT_NAME: REPORT, PATH_INFO: '/a', QUERY_STRING: 'b' }),
      },
      {
        title: 'takes the host of a target in absolute form',
        request: get('http://target.example.org/cgi-bin/report.cgi'),
        expect: variables({ SERVER_NAME: 'target.example.org' }),
      },
      {
        title: 'accepts a scheme in capital letters',
        source: 'RFC 3986 section 3.1',
        request: get('HTTP://www.example.org/cgi-bin/report.cgi'),
        expect: variables({ SCRIPT_NAME: REPORT }),
      },
      {
        title: 'refuses a target in absolute form without a host',
        source: 'RFC 9110 section 4.2.1',
        because: 'RFC 9110 section 4.2.1: an http URI with an empty host must be rejected.',
        request: get('http:///cgi-bin/report.cgi'),
        expect: refuses(400, 404),
      },
      {
        title: 'takes a target of scheme and host for the root',
        source: 'RFC 9110 section 4.2.3',
        request: get('http://www.example.org'),
        expect: answers(200, 403, 404),
      },
      {
        title: 'accepts a port in a target in absolute form',
        request: get('http://www.example.org:8080/cgi-bin/report.cgi/a'),
        expect: variables({ SERVER_NAME: 'www.example.org', PATH_INFO: '/a' }),
      },
      {
        title: 'ignores blank lines before a request',
        source: 'RFC 9112 section 2.2',
        level: 'SHOULD',
        because: 'RFC 9112 section 2.2: a server should ignore at least one CRLF before a request.',
        request: `\r\n${get(REPORT)}`,
        expect: variables({ SCRIPT_NAME: REPORT }),
      },
    ],
  ],
  [
    {
      contract: 'MAP-2',
      source: 'RFC 9110 section 9.3.7',
      level: 'MUST',
      because: 'RFC 9112 section 3.2.4: the asterisk names the server, and no script.',
    },
    [
      {
        title: 'runs no script for OPTIONS *',
        request: rawRequest('OPTIONS * HTTP/1.1', ['Host: a', 'Connection: close']),
        expect: refuses(200, 204, 400, 404, 405, 501),
      },
      {
        title: 'runs no script for GET *',
        request: rawRequest('GET * HTTP/1.1', ['Host: a', 'Connection: close']),
        expect: refuses(400, 404, 405, 501),
      },
    ],
  ],
  [
    {
      contract: 'MAP-1',
      source: 'RFC 9110 section 4.1',
      level: 'SHOULD',
      because: 'RFC 9110 section 4.1: URIs of at least 8000 octets should be supported.',
    },
    [
      {
        title: 'takes a PATH_INFO that makes a URI of 8000 octets',
        request: get(`${REPORT}/${LONG}`),
        expect: either(variables({ PATH_INFO: `/${LONG}` }), refuses(403)),
      },
      {
        title: 'takes a query that makes a URI of 8000 octets',
        request: get(`${REPORT}?${LONG}`),
        expect: variables({ QUERY_STRING: LONG }),
      },
      {
        title: 'refuses a URI that is too long for it, or serves it',
        source: 'RFC 9112 section 3, RFC 6585 section 5',
        level: 'MUST',
        because: 'RFC 9112 section 3: a target that is too long is answered with 414.',
        request: get(`${REPORT}?${'x'.repeat(60_000)}`),
        expect: either(refuses(400, 414, 431), variables({ QUERY_STRING: 'x'.repeat(60_000) })),
      },
      {
        title: 'takes a segment that is too long for a file name as not there',
        contract: 'MAP-2',
        source: 'RFC 9110 section 15.5.5',
        because: 'A name that no file can have is the name of no file (RFC 9110 section 15.5.5).',
        request: get(`/cgi-bin/${'x'.repeat(300)}`),
        expect: answers(403, 404, 414),
      },
    ],
  ],
  [
    {
      contract: 'MAP-1',
      source: 'RFC 9110 section 7.1, RFC 3986 section 3.5',
      level: 'MUST',
      because: 'RFC 9110 section 7.1: a target has no fragment, so none may reach a script.',
    },
    [
      {
        title: 'never takes a fragment for a part of the path',
        request: get(`${REPORT}/a#b`),
        expect: either(refuses(400), variables({ PATH_INFO: '/a' })),
      },
      {
        title: 'never takes a fragment for a part of the query',
        request: get(`${REPORT}?a#b`),
        expect: either(refuses(400), variables({ QUERY_STRING: 'a' })),
      },
      {
        title: 'answers two requests for two scripts each with its own',
        source: 'RFC 9112 section 9.3.2',
        because: 'RFC 9112 section 9.3.2: responses go out in the order of their requests.',
        request: keep('GET', `${REPORT}/one`) + get(`${REPORT}/two`),
        expect: sequence([200, /PATH_INFO=\/one\n/], [200, /PATH_INFO=\/two\n/]),
      },
    ],
  ],
)
