import { strict as assert } from 'node:assert'
import path from 'node:path'
import { type Case, table } from '../case.js'
import { all, body, either, refuses, report, UNSET, variables } from '../expectations.js'
import { ask, get, post, postChunks, rawRequest, REPORT } from '../requests.js'

/** How a path is split: SCRIPT_NAME, PATH_INFO. */
const SPLITS = [
  ['a script alone', REPORT, REPORT, UNSET],
  ['a slash after the script', `${REPORT}/`, REPORT, '/'],
  ['one segment', `${REPORT}/a`, REPORT, '/a'],
  ['several segments', `${REPORT}/a/b/c`, REPORT, '/a/b/c'],
  ['a slash at the end', `${REPORT}/a/b/`, REPORT, '/a/b/'],
  ['a segment that looks like a script', `${REPORT}/report.cgi`, REPORT, '/report.cgi'],
  ['letters of both cases', `${REPORT}/AbC/dEf`, REPORT, '/AbC/dEf'],
  ['an escaped letter', `${REPORT}/%61%62`, REPORT, '/ab'],
  ['a space', `${REPORT}/a%20b`, REPORT, '/a b'],
  ['a plus sign, which is no space', `${REPORT}/a+b`, REPORT, '/a+b'],
  ['an escaped plus sign', `${REPORT}/a%2bb`, REPORT, '/a+b'],
  ['an escaped percent sign, decoded once', `${REPORT}/%2561`, REPORT, '/%61'],
  ['an escaped slash that is escaped again', `${REPORT}/%252f`, REPORT, '/%2f'],
  ['an escaped question mark', `${REPORT}/a%3fb`, REPORT, '/a?b'],
  ['an escaped number sign', `${REPORT}/a%23b`, REPORT, '/a#b'],
  [
    'an escaped semicolon, as in the RFC',
    `${REPORT}/this%2eis%2epath%3binfo`,
    REPORT,
    '/this.is.path;info',
  ],
  ['an equals sign and an ampersand', `${REPORT}/a=1&b`, REPORT, '/a=1&b'],
  ['quotation marks and angles', `${REPORT}/%22%27%3c%3e`, REPORT, '/"\'<>'],
  ['characters of shells', `${REPORT}/$(id)%60id%60|!*~`, REPORT, '/$(id)`id`|!*~'],
  ['UTF-8', `${REPORT}/%c3%a9%e2%82%ac`, REPORT, '/\xc3\xa9\xe2\x82\xac'],
  ['UTF-8 of four bytes', `${REPORT}/%f0%9f%98%80`, REPORT, '/\xf0\x9f\x98\x80'],
  ['hexadecimal digits in both cases', `${REPORT}/%C3%a9`, REPORT, '/\xc3\xa9'],
  ['a colon and an at sign', `${REPORT}/a:b@c`, REPORT, '/a:b@c'],

  ['segments of dots that are no dot segments', `${REPORT}/.../a..b/.c`, REPORT, '/.../a..b/.c'],
  ['a script in a folder', '/cgi-bin/folder/report.cgi', '/cgi-bin/folder/report.cgi', UNSET],
  [
    'a path after a script in a folder',
    '/cgi-bin/folder/report.cgi/a',
    '/cgi-bin/folder/report.cgi',
    '/a',
  ],
  [
    'a script in a folder of a folder',
    '/cgi-bin/folder/inner/report.cgi/a/b',
    '/cgi-bin/folder/inner/report.cgi',
    '/a/b',
  ],
  ['a script without an extension', '/cgi-bin/no-extension/a', '/cgi-bin/no-extension', '/a'],
  [
    'a script with a space in its name',
    '/cgi-bin/two%20words.cgi/a',
    '/cgi-bin/two words.cgi',
    '/a',
  ],
  [
    'a script with a plus sign in its name',
    '/cgi-bin/plus+sign.cgi/a',
    '/cgi-bin/plus+sign.cgi',
    '/a',
  ],
  [
    'a script with a semicolon in its name',
    '/cgi-bin/semi;colon.cgi/a',
    '/cgi-bin/semi;colon.cgi',
    '/a',
  ],
  [
    'a script with a percent sign in its name',
    '/cgi-bin/per%25cent.cgi/a',
    '/cgi-bin/per%cent.cgi',
    '/a',
  ],
  ['a script with UTF-8 in its name', '/cgi-bin/caf%c3%a9.cgi/a', '/cgi-bin/caf\xc3\xa9.cgi', '/a'],
  [
    'a script whose name begins with a hyphen',
    '/cgi-bin/-option.cgi/a',
    '/cgi-bin/-option.cgi',
    '/a',
  ],
  ['a script whose name is escaped', '/cgi-bin/%72eport%2Ecgi/a', REPORT, '/a'],
  [
    'a folder whose name is escaped',
    '/cgi-bin/%66older/report.cgi',
    '/cgi-bin/folder/report.cgi',
    UNSET,
  ],
  ['cgi-bin escaped', '/%63gi-bin/report.cgi/a', REPORT, '/a'],
] as const

/** QUERY_STRING: as it was sent. */
const QUERIES = [
  ['none', '', ''],
  ['an empty one', '?', ''],
  ['a pair', '?a=b', 'a=b'],
  ['several', '?a=b&c=d&a=e', 'a=b&c=d&a=e'],
  ['escapes, which stay', '?a=%20%41%2f%00', 'a=%20%41%2f%00'],
  ['escapes in both cases', '?%c3%A9', '%c3%A9'],
  ['escapes that are broken, which are for the script', '?%zz%4', '%zz%4'],
  ['a plus sign', '?a+b', 'a+b'],
  ['question marks', '?a?b?', 'a?b?'],
  ['a second question mark first', '??a', '?a'],
  ['slashes and dots', '?/../a//b', '/../a//b'],
  ['an equals sign alone', '?=', '='],
  ['an ampersand alone', '?&', '&'],
  ['semicolons', '?a;b', 'a;b'],
  ['characters of shells', "?$(id)'|*~!", "$(id)'|*~!"],
  ['a URL', '?http://example.org/?a=b', 'http://example.org/?a=b'],
  ['a hyphen first (CVE-2012-1823)', '?-s', '-s'],
] as const

/** Scripts that are not there; section 3.2: nothing is run. */
const NOT_THERE = [
  ['no such file', '/cgi-bin/none.cgi'],
  ['a path after no such file', '/cgi-bin/none.cgi/a'],
  ['a name that goes on', '/cgi-bin/report.cgix'],
  ['a parameter after the name', '/cgi-bin/report.cgi;a=b'],
  ['a name cut short', '/cgi-bin/report.cg'],
  ['a dot at the end', '/cgi-bin/report.cgi.'],
  ['a space at the end', '/cgi-bin/report.cgi%20'],
  ['capital letters', '/cgi-bin/REPORT.CGI'],
  ['capital letters in the mount', '/CGI-BIN/report.cgi'],
  ['a mount that goes on', '/cgi-binx/report.cgi'],
  ['a script of another folder', '/cgi-bin/inner/report.cgi'],
  ['a name decoded twice', '/cgi-bin/report%252ecgi'],
  ['a plus sign that is no space', '/cgi-bin/two+words.cgi'],
  ['the folder of scripts', '/cgi-bin/'],
  ['a folder', '/cgi-bin/folder/'],
  ['a folder in a folder', '/cgi-bin/folder/inner/'],
  ['a folder without its slash', '/cgi-bin/folder'],
  ['the root', '/'],
] as const

const SCRIPT_PATH =
  'RFC 3875 sections 4.1.5 and 4.1.13: SCRIPT_NAME identifies the script, PATH_INFO is all that follows it, neither of them URL-encoded.'

export const metaVariableCases: readonly Case[] = table(
  'variable',
  [
    {
      contract: 'MAP-1',
      source: 'RFC 3875 sections 4.1.5 and 4.1.13',
      level: 'MUST',
      because: SCRIPT_PATH,
    },
    SPLITS.map(([what, target, scriptName, pathInfo]) => ({
      title: `splits the path of ${what}`,
      request: get(target),
      expect: variables({ SCRIPT_NAME: scriptName, PATH_INFO: pathInfo }),
    })),
  ],
  [
    {
      contract: 'MAP-1',
      source: 'RFC 3875 sections 3.3, 4.1.5 and 8.1',
      level: 'MUST',
      because:
        'RFC 3875 section 4.1.5 gives void segments a meaning, so that dropping them changes PATH_INFO; a server that drops them passes on another path.',
    },
    [
      ['void segments', `${REPORT}//a//b`, '//a//b'],
      ['a void segment first', `${REPORT}//`, '//'],
      ['void segments last', `${REPORT}/a//`, '/a//'],
    ].map(([what = '', target = '', pathInfo = '']) => ({
      title: `keeps ${what} in PATH_INFO, or refuses them`,
      request: get(target),
      expect: either(
        variables({ SCRIPT_NAME: REPORT, PATH_INFO: pathInfo }),
        refuses(301, 308, 400, 404),
      ),
    })),
  ],
  [
    {
      contract: 'MAP-1',
      source: 'RFC 3875 section 3.3',
      level: 'MUST',
      because:
        'RFC 3875 section 3.3: the URI made of the variables must run the same script with the same values.',
    },
    ['/a%20b/%3fc', '/%25/%c3%a9', '/a;b=c'].map((extra) => ({
      title: `gives variables that make the Script-URI of ${extra}`,
      request: get(`${REPORT}${extra}?q=%20`),
      expect: report(({ variables: seen }) => {
        const encode = (name: string): string =>
          (seen.get(name) ?? '')
            .split('/')
            .map((each) => encodeURIComponent(Buffer.from(each, 'latin1').toString('utf8')))
            .join('/')
        const made = `${encode('SCRIPT_NAME')}${encode('PATH_INFO')}?${seen.get('QUERY_STRING')}`
        const wanted = `${REPORT}${extra}?q=%20`
        const reserved = (uri: string): string => uri.replaceAll(';', '%3B').replaceAll('=', '%3D')
        assert.equal(reserved(made).toLowerCase(), reserved(wanted).toLowerCase())
      }),
    })),
  ],
  [
    {
      contract: 'MAP-2',
      source: 'RFC 3875 section 3.2, RFC 9110 section 15.5.5',
      level: 'MUST',
      because:
        'RFC 9110 section 15.5.5: what is not there is answered with 404 (or 403, by choice).',
    },
    NOT_THERE.map(([what, target]) => ({
      title: `runs nothing for ${what}`,
      request: get(target),
      expect: refuses(404, 403, ...(what.includes('slash') ? [301, 307, 308] : [])),
    })),
  ],
  [
    {
      contract: 'MAP-2',
      source: 'RFC 3986 section 6.2.2.3, RFC 3875 section 8.1',
      level: 'SHOULD',
      because:
        'RFC 3875 section 8.1 lets a server prohibit void segments or not; it must not run what the path does not name.',
    },
    ['/cgi-bin//report.cgi', '//cgi-bin/report.cgi', '/cgi-bin/folder//report.cgi'].map(
      (target) => ({
        title: `refuses the void segment in ${target}, or leaves it out`,
        request: get(target),
        expect: either(
          refuses(301, 307, 308, 400, 404),
          variables({ SCRIPT_NAME: /^\/+cgi-bin\/+(?:folder\/+)?report\.cgi$/ }),
        ),
      }),
    ),
  ],
  [
    {
      contract: 'MAP-4',
      source: 'RFC 3875 section 9.5',
      level: 'ours',
      because:
        'Not the RFC but our contract decides which files are scripts; after RFC 3875 section 9.5, what was not put there for clients is neither run nor shown.',
    },
    [
      {
        title: 'hides files whose names begin with a dot',
        request: get('/cgi-bin/.hidden.cgi'),
        expect: refuses(403, 404),
      },
      {
        title: 'hides files whose names begin with an escaped dot',
        request: get('/cgi-bin/%2ehidden.cgi'),
        expect: refuses(403, 404),
      },
      {
        title: 'does not follow a link that leaves the root',
        request: get('/cgi-bin/link-out.cgi'),
        expect: refuses(403, 404),
      },
      {
        title: 'neither runs nor shows a file that is not executable',
        contract: 'MAP-6',
        source: 'RFC 3875 section 3.4',
        request: get('/cgi-bin/not-executable.cgi'),
        expect: refuses(403, 404, 500, 502),
      },
      {
        title: 'does not show a script that cannot be started',
        contract: 'LIFE-3',
        source: 'RFC 9110 section 15.6.1',
        level: 'MUST',
        request: get('/cgi-bin/no-interpreter.cgi'),
        expect: refuses(500, 502),
      },
    ],
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.6',
      level: 'SHOULD',
      because:
        'RFC 3875 section 4.1.6: a server should set PATH_TRANSLATED where there is a PATH_INFO.',
    },
    [
      ...[
        ['/a/b', 'a/b'],
        ['/a%20b', 'a b'],
        ['/A/b%3bc', 'A/b;c'],
        ['/none/such', 'none/such'],
        ['/%c3%a9', '\xc3\xa9'],
      ].map(([extra = '', file = '']) => ({
        title: `translates the path ${extra}`,
        request: get(REPORT + extra),
        expect: report(({ variables: seen }, { place }) => {
          assert.equal(seen.get('PATH_TRANSLATED'), path.join(place.root, file))
        }),
      })),
      {
        title: 'translates no path where there is none',
        level: 'MUST' as const,
        because: 'RFC 3875 section 4.1.6: PATH_TRANSLATED must be unset if PATH_INFO is.',
        request: get(REPORT),
        expect: variables({ PATH_INFO: UNSET, PATH_TRANSLATED: UNSET }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.7',
      level: 'MUST',
      because:
        'RFC 3875 section 4.1.7: QUERY_STRING is the query as it is in the URI, URL-encoded.',
    },
    QUERIES.map(([what, query, expected]) => ({
      title: `hands on the query as it is: ${what}`,
      request: get(REPORT + query),
      expect: report(({ variables: seen }) => assert.equal(seen.get('QUERY_STRING'), expected)),
    })),
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.7',
      level: 'MUST',
      because: 'RFC 3875 section 4.1.7: QUERY_STRING is the query of the URI, whatever the method.',
    },
    [
      {
        title: 'hands on the query of a POST',
        request: post(`${REPORT}?a=b`, 'c=d'),
        expect: variables({ QUERY_STRING: 'a=b' }),
      },
      {
        title: 'hands on the query after a path',
        request: get(`${REPORT}/a%3fb?c%3fd`),
        expect: variables({ PATH_INFO: '/a?b', QUERY_STRING: 'c%3fd' }),
      },
      {
        title: 'hands on characters of a query that no URI has, or refuses them',
        source: 'RFC 3875 section 4.1.7, RFC 3986 section 2',
        request: get(`${REPORT}?a"<b>{c}^\\|`),
        expect: either(variables({ QUERY_STRING: 'a"<b>{c}^\\|' }), refuses(400)),
      },
      {
        title: 'hands on bytes over 0x7F of a path, or refuses them',
        contract: 'ENV-7',
        source: 'RFC 3875 section 4.1.5, RFC 3986 section 2',
        request: get(`${REPORT}/\xc3\xa9`),
        expect: either(variables({ PATH_INFO: '/\xc3\xa9' }), refuses(400)),
      },
      {
        title: 'hands on bytes over 0x7F of a query, or refuses them',
        contract: 'ENV-7',
        request: get(`${REPORT}?\xc3\xa9`),
        expect: either(variables({ QUERY_STRING: '\xc3\xa9' }), refuses(400)),
      },
    ],
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.4',
      level: 'MUST',
      because: 'RFC 3875 section 4.1.4: GATEWAY_INTERFACE must be set.',
    },
    [
      {
        title: 'names the interface',
        request: get(REPORT),
        expect: variables({ GATEWAY_INTERFACE: 'CGI/1.1' }),
      },
      ...(
        [
          ['REMOTE_ADDR', '4.1.8', '127.0.0.1'],
          ['REQUEST_METHOD', '4.1.12', 'GET'],
          ['SERVER_NAME', '4.1.14', 'www.example.org'],
          ['SERVER_PROTOCOL', '4.1.16', 'HTTP/1.1'],
          ['SERVER_SOFTWARE', '4.1.17', /^[\w.-]+(?:\/\S+)?(?: .*)?$/],
        ] as const
      ).map(([name, section, expected]) => ({
        title: `sets ${name}`,
        source: `RFC 3875 section ${section}`,
        because: `RFC 3875 section ${section}: ${name} must be set.`,
        request: get(REPORT),
        expect: variables({ [name]: expected }),
      })),
      {
        title: 'sets REMOTE_HOST, to the address if there is no name',
        source: 'RFC 3875 section 4.1.9',
        level: 'SHOULD',
        because:
          'RFC 3875 section 4.1.9: a server should set REMOTE_HOST, if need be to the address.',
        request: get(REPORT),
        expect: variables({ REMOTE_HOST: /^(?:127\.0\.0\.1|[\w.-]*[A-Za-z][\w.-]*)$/ }),
      },
      {
        title: 'tells the version of SERVER_SOFTWARE',
        source: 'RFC 3875 section 4.1.17',
        because: 'RFC 3875 section 4.1.17: SERVER_SOFTWARE must be name and version.',
        request: get(REPORT),
        expect: variables({ SERVER_SOFTWARE: /^[\w.-]+\/\d/ }),
      },
      {
        title: 'tells the protocol of an HTTP/1.0 request',
        source: 'RFC 3875 section 4.1.16',
        because: 'RFC 3875 section 4.1.16: SERVER_PROTOCOL is what a script must speak.',
        request: rawRequest(`GET ${REPORT} HTTP/1.0`),
        expect: variables({ SERVER_PROTOCOL: 'HTTP/1.0' }),
      },
      {
        title: 'sets no AUTH_TYPE where nobody had to authenticate',
        source: 'RFC 3875 section 4.1.1',
        contract: 'ENV-4',
        because: 'RFC 3875 section 4.1.1: only where the server required it.',
        request: get(REPORT, 'Authorization: Basic dXNlcjpzZWNyZXQ='),
        expect: variables({ AUTH_TYPE: UNSET }),
      },
      {
        title: 'takes no REMOTE_USER from what a client says',
        source: 'RFC 3875 section 4.1.11',
        contract: 'ENV-4',
        level: 'security',
        because: 'RFC 3875 section 4.1.11: it is the user that the server has made sure of.',
        request: get(
          REPORT,
          'Authorization: Basic dXNlcjpzZWNyZXQ=',
          'Remote-User: admin',
          'Remote_User: admin',
        ),
        expect: variables({ REMOTE_USER: UNSET }),
      },
      {
        title: 'sets no REMOTE_IDENT that nobody has asked for',
        source: 'RFC 3875 section 4.1.10',
        level: 'MAY',
        request: get(REPORT),
        expect: variables({ REMOTE_IDENT: UNSET }),
      },
      {
        title: 'sets SERVER_NAME and SERVER_PORT without a Host',
        source: 'RFC 3875 sections 4.1.14 and 4.1.15',
        contract: 'ENV-8',
        because: 'RFC 3875 sections 4.1.14 and 4.1.15: both must be set, also for HTTP/1.0.',
        request: rawRequest(`GET ${REPORT} HTTP/1.0`),
        expect: all(
          variables({ SERVER_NAME: /^[\w.-]+$/ }),
          report(({ variables: seen }, { place }) => {
            assert.equal(seen.get('SERVER_PORT'), String(place.port))
          }),
        ),
      },
      {
        title: 'is not told its address by X-Forwarded-For',
        source: 'RFC 3875 section 4.1.8',
        contract: 'ENV-4',
        level: 'security',
        because: 'RFC 3875 section 4.1.8: REMOTE_ADDR is whoever sent the request to the server.',
        request: get(
          REPORT,
          'X-Forwarded-For: 192.0.2.1',
          'Forwarded: for=192.0.2.1',
          'Client-IP: 192.0.2.1',
        ),
        expect: variables({ REMOTE_ADDR: '127.0.0.1' }),
      },
      {
        title: 'is not told its scheme by the target',
        source: 'RFC 9110 section 7.4, RFC 3875 section 4.1.18',
        contract: 'ENV-4',
        level: 'security',
        because:
          'RFC 9110 section 7.4: a server checks that the scheme asked for is the one in use.',
        request: get('https://www.example.org/cgi-bin/report.cgi'),
        expect: either(variables({ HTTPS: UNSET }), refuses(400, 421)),
      },
      {
        title: 'is not told its scheme by X-Forwarded-Proto',
        source: 'RFC 3875 section 4.1.18',
        contract: 'ENV-4',
        level: 'security',
        because:
          'A scheme that the client claims is not the one it used (RFC 3875 section 4.1.18).',
        request: get(REPORT, 'X-Forwarded-Proto: https', 'X-Forwarded-Ssl: on'),
        expect: variables({ HTTPS: UNSET }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1',
      level: 'MAY',
      because:
        'RFC 3875 section 4.1: a server may set further variables. These are what scripts of today expect (php-cgi does not run without the first two).',
    },
    [
      {
        title: 'sets REDIRECT_STATUS, without which php-cgi does not run',
        request: get(REPORT),
        expect: variables({ REDIRECT_STATUS: '200' }),
      },
      {
        title: 'sets SCRIPT_FILENAME',
        request: get('/cgi-bin/folder/report.cgi/a'),
        expect: report(({ variables: seen }, { place }) => {
          const file = path.join(place.root, 'cgi-bin/folder/report.cgi')
          assert.equal(seen.get('SCRIPT_FILENAME'), file)
        }),
      },
      {
        title: 'sets DOCUMENT_ROOT',
        request: get(REPORT),
        expect: report(({ variables: seen }, { place }) => {
          assert.equal(seen.get('DOCUMENT_ROOT'), place.root)
        }),
      },
      {
        title: 'sets REQUEST_URI, as it was sent',
        request: get(`${REPORT}/%61%20b?c=%20d`),
        expect: variables({ REQUEST_URI: `${REPORT}/%61%20b?c=%20d` }),
      },
      {
        title: 'sets REMOTE_PORT and SERVER_ADDR',
        request: get(REPORT),
        expect: variables({ REMOTE_PORT: /^\d+$/, SERVER_ADDR: '127.0.0.1' }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-8',
      source: 'RFC 3875 section 4.1.15',
      level: 'MUST',
      because:
        'RFC 3875 section 4.1.15: SERVER_PORT is the port on which the request is received, whatever a client writes into Host.',
    },
    [
      'Host: www.example.org',
      'Host: www.example.org:99',
      'Host: www.example.org:443',
      'Host: www.example.org:',
    ].map((host) => ({
      title: `tells the port that the request came in on with ${host}`,
      request: rawRequest(`GET ${REPORT} HTTP/1.1`, [host, 'Connection: close']),
      expect: report(({ variables: seen }, { place }) => {
        assert.equal(seen.get('SERVER_PORT'), String(place.port))
      }),
    })),
  ],
  [
    {
      contract: 'ENV-8',
      source: 'RFC 3875 section 4.1.14',
      level: 'MUST',
      because:
        'RFC 3875 section 4.1.14: SERVER_NAME is the host asked for, without a port, IPv6 in brackets.',
    },
    (
      [
        ['Host: www.example.org:99', /^www\.example\.org$/],
        ['Host: WWW.Example.ORG', /^www\.example\.org$/i],
        ['Host: 192.0.2.1', /^192\.0\.2\.1$/],
        ['Host: 192.0.2.1:99', /^192\.0\.2\.1$/],
        ['Host: [::1]', /^\[::1\]$/],
        ['Host: [2001:db8::1]:99', /^\[2001:db8::1\]$/],
        ['Host: localhost', /^localhost$/],
        ['Host: www.example.org.', /^www\.example\.org\.?$/],
        ['Host: a-b.example', /^a-b\.example$/],
        ['Host: a_b.example', /^a_b\.example$/],
        ['Host: xn--caf-dma.example', /^xn--caf-dma\.example$/],
        ['Host:   www.example.org  ', /^www\.example\.org$/],
      ] as const
    ).map(([host, expected]) => ({
      title: `tells the name of ${host}`,
      request: rawRequest(`GET ${REPORT} HTTP/1.1`, [host, 'Connection: close']),
      expect: variables({ SERVER_NAME: expected }),
    })),
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.3',
      level: 'MUST',
      because: 'RFC 3875 section 4.1.3: CONTENT_TYPE must be set if the field is there, else not.',
    },
    [
      ...[
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary="a b"',
        'application/json; charset=utf-8',
        'Text/HTML;Charset="UTF-8"',
        'application/vnd.example+json; version=1.0',
        'x',
      ].map((type) => ({
        title: `hands on Content-Type: ${type}`,
        request: post(REPORT, 'body', `Content-Type: ${type}`),
        expect: all(variables({ CONTENT_TYPE: type }), body(/input body\n/)),
      })),
      {
        title: 'sets CONTENT_TYPE if there is a field but no body',
        request: get(REPORT, 'Content-Type: text/x-test'),
        expect: variables({ CONTENT_TYPE: 'text/x-test' }),
      },
      {
        title: 'sets no CONTENT_TYPE without a body',
        request: get(REPORT),
        expect: variables({ CONTENT_TYPE: UNSET }),
      },
      {
        title: 'makes no CONTENT_TYPE up',
        level: 'SHOULD',
        request: post(REPORT, 'body'),
        expect: variables({ CONTENT_TYPE: UNSET }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 section 4.1.2',
      level: 'MUST',
      because: 'RFC 3875 section 4.1.2: CONTENT_LENGTH must be set if and only if there is a body.',
    },
    [
      ...['GET', 'DELETE', 'OPTIONS', 'PROPFIND'].map((method) => ({
        title: `sets no CONTENT_LENGTH for ${method} without a body`,
        request: ask(method, REPORT),
        expect: variables({ CONTENT_LENGTH: UNSET, REQUEST_METHOD: method }),
      })),
      {
        title: 'sets CONTENT_LENGTH for a body',
        request: post(REPORT, 'body'),
        expect: variables({ CONTENT_LENGTH: '4' }),
      },
      {
        title: 'sets CONTENT_LENGTH for a chunked body',
        contract: 'BODY-2',
        because:
          'RFC 3875 section 4.2: the server must remove transfer-codings and recalculate CONTENT_LENGTH.',
        request: postChunks(REPORT, ['bo', 'dy']),
        expect: variables({ CONTENT_LENGTH: '4' }),
      },
      {
        title: 'sets CONTENT_LENGTH to nothing or 0 for a body of no bytes',
        request: post(REPORT, ''),
        expect: variables({ CONTENT_LENGTH: /^0?$/ }),
      },
    ],
  ],
)
