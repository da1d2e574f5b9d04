import { strict as assert } from 'node:assert'
import path from 'node:path'
import { type Case, table } from '../case.js'
import {
  all,
  answers,
  body,
  either,
  input,
  nowhere,
  refuses,
  report,
  variables,
} from '../expectations.js'
import { ask, get, post, rawRequest, REPORT } from '../requests.js'

/** Methods that are sent to a script unchanged. */
const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'OPTIONS',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'REPORT',
  'SEARCH',
  'MKCALENDAR',
  'PURGE',
  'LINK',
] as const

/** What a host has in its environment, and some of it secret. */
const HOST_VARIABLES = [
  'HOME',
  'USER',
  'SHELL',
  'OLDPWD',
  'LOGNAME',
  'NODE_ENV',
  'NODE_OPTIONS',
  'npm_config_cache',
]

export const environmentCases: readonly Case[] = table(
  'script',
  [
    {
      contract: 'MAP-7',
      source: 'RFC 3875 sections 4.1.12 and 4.3',
      level: 'MUST',
      because:
        'RFC 3875 section 4.3.4 lets a server decide that a method is not for a script, but it must then say so (405, 501).',
    },
    [
      ...METHODS.map((method) => ({
        title: `hands on ${method}`,
        request: ask(method, `${REPORT}/a?b`),
        expect: either(
          variables({ REQUEST_METHOD: method, PATH_INFO: '/a', QUERY_STRING: 'b' }),
          ...(method === 'GET' ? [] : [refuses(411)]),
          ...(['GET', 'POST'].includes(method) ? [] : [refuses(405, 501)]),
        ),
      })),
      ...['POST', 'PUT', 'PATCH', 'DELETE', 'PROPFIND', 'REPORT', 'OPTIONS', 'GET'].map(
        (method) => ({
          title: `hands on the body of ${method}`,
          source: 'RFC 3875 sections 4.2 and 4.3, RFC 9110 section 9.1',
          request: ask(method, REPORT, ['Content-Length: 4'], 'body'),
          expect: either(
            all(variables({ REQUEST_METHOD: method }), input('body')),
            ...(method === 'POST' ? [] : [refuses(400, 405, 501)]),
          ),
        }),
      ),
      {
        title: 'hands on HEAD as HEAD',
        source: 'RFC 3875 section 4.3.3',
        because: 'RFC 3875 section 4.3.3: HEAD asks the script for its header.',
        request: ask('HEAD', REPORT),
        expect: all(answers(200), body('')),
      },
      ...['FOO', 'X-METHOD', 'GETT'].map((method) => ({
        title: `hands on the unknown method ${method}, or refuses it`,
        level: 'SHOULD' as const,
        source: 'RFC 9110 section 9.1, RFC 3875 section 4.3.4',
        because: 'RFC 9110 section 9.1: a method that a server does not know is answered with 501.',
        request: ask(method, REPORT),
        expect: either(refuses(400, 405, 501), variables({ REQUEST_METHOD: method })),
      })),
      ...['get', 'Post'].map((method) => ({
        title: `does not take ${method} for ${method.toUpperCase()}`,
        source: 'RFC 3875 section 4.1.12, RFC 9110 section 9.1',
        because: 'RFC 9110 section 9.1: methods are case-sensitive.',
        request: ask(method, REPORT),
        expect: either(refuses(400, 405, 501), variables({ REQUEST_METHOD: method })),
      })),
      {
        title: 'runs no script for TRACE',
        source: 'RFC 9110 sections 9.3.8 and 17.11',
        level: 'security' as const,
        because:
          'RFC 9110 section 9.3.8: TRACE is answered by the server itself, and a client must not get fields with credentials reflected.',
        request: ask('TRACE', REPORT),
        expect: either(refuses(405, 501), (exchange) => {
          answers(200)(exchange)
          assert.match(exchange.responses()[0]?.all('content-type').join() ?? '', /^message\/http/)
        }),
      },
      {
        title: 'does not send credentials back for TRACE',
        source: 'RFC 9110 section 9.3.8',
        level: 'SHOULD' as const,
        because: 'RFC 9110 section 9.3.8: scripts of web pages could read what a TRACE reflects.',
        request: ask('TRACE', REPORT, ['Cookie: a=c2VjcmV0', 'Authorization: Basic c2VjcmV0']),
        expect: ({ received }) => assert.doesNotMatch(received, /c2VjcmV0/),
      },
      {
        title: 'runs no script for CONNECT',
        source: 'RFC 9110 section 9.3.6',
        because: 'RFC 9110 section 9.3.6: CONNECT is for proxies; an origin server may refuse it.',
        request: rawRequest('CONNECT www.example.org:80 HTTP/1.1', [
          'Host: www.example.org:80',
          'Connection: close',
        ]),
        expect: ({ received, end }) => {
          assert.doesNotMatch(received, /^HTTP\/1\.\d 2/)
          assert.notEqual(end, 'open')
        },
      },
      {
        title: 'runs no script for CONNECT to its path',
        source: 'RFC 9110 section 9.3.6',
        because: 'RFC 9110 section 9.3.6: the target of CONNECT is host and port, and not a path.',
        request: rawRequest(`CONNECT ${REPORT} HTTP/1.1`, [
          'Host: www.example.org',
          'Connection: close',
        ]),
        expect: ({ received, end }) => {
          assert.doesNotMatch(received, /^HTTP\/1\.\d 2/)
          assert.notEqual(end, 'open')
        },
      },
      {
        title: 'says Allow with a 405',
        source: 'RFC 9110 section 15.5.6',
        because: 'RFC 9110 section 15.5.6: a 405 must have an Allow field.',
        request: ask('TRACE', REPORT),
        expect: (exchange) => {
          const [response] = exchange.responses()
          if (response?.status === 405) assert.equal(response.all('allow').length > 0, true)
        },
      },
    ],
  ],
  [
    {
      contract: 'ENV-3',
      source: 'RFC 3875 sections 4.1 and 9.5',
      level: 'security',
      because:
        'RFC 3875 section 9.5: a script should have nothing of the server; secrets of a host lie in its environment.',
    },
    [
      {
        title: "hands on nothing of the host's own environment",
        request: get(REPORT),
        expect: report(({ variables: seen }) => {
          for (const name of HOST_VARIABLES) assert.equal(seen.has(name), false, name)
        }),
      },
      {
        title: 'sets no variable whose name is not one',
        request: get(REPORT, 'X-A: b'),
        expect: report(({ variables: seen }) => {
          for (const name of seen.keys()) assert.match(name, /^[A-Za-z_]\w*$/)
        }),
      },
      {
        title: 'sets a PATH, so that scripts find their programs',
        source: 'RFC 3875 section 7.2',
        level: 'MAY' as const,
        because:
          'The RFC leaves PATH to the system (RFC 3875 section 7.2); a script that has none finds no programs but those of its shell.',
        request: get(REPORT),
        expect: variables({ PATH: /^\/|:\// }),
      },
    ],
  ],
  [
    {
      contract: 'ENV-5',
      source: 'CVE-2012-1823, RFC 3875 section 4.4',
      level: 'ours',
      because:
        'RFC 3875 section 4.4 has it as a SHOULD, but it is how `?-s` became an option of php-cgi (CVE-2012-1823); off by default, `indexQuery` turns it on.',
    },
    ['?-s', '?-d+allow_url_include%3don', '?a+b', '?--version', '?a', '?-'].map((query) => ({
      title: `makes no arguments of the query ${query}`,
      request: get(REPORT + query),
      expect: report((seen) => assert.deepEqual(seen.arguments, [])),
    })),
  ],
  [
    {
      contract: 'ENV-5',
      source: 'RFC 3875 section 4.4',
      level: 'MUST',
      because:
        'RFC 3875 section 4.4: only a GET or HEAD whose query has no `=` that is not encoded.',
    },
    [
      {
        title: 'makes no arguments of a query with an equals sign',
        request: get(`${REPORT}?a=b+c`),
        expect: report((seen) => assert.deepEqual(seen.arguments, [])),
      },
      {
        title: 'makes no arguments of the query of a POST',
        request: post(`${REPORT}?a+b`, 'body'),
        expect: report((seen) => assert.deepEqual(seen.arguments, [])),
      },
      {
        title: 'makes no arguments without a query',
        request: get(REPORT),
        expect: report((seen) => assert.deepEqual(seen.arguments, [])),
      },
      {
        title: 'makes no arguments of a path',
        request: get(`${REPORT}/-s`),
        expect: report((seen) => assert.deepEqual(seen.arguments, [])),
      },
    ],
  ],
  [
    {
      contract: 'ENV-6',
      source: 'RFC 3875 section 7.2',
      level: 'SHOULD',
      because:
        'RFC 3875 section 7.2: the working directory should be the one that holds the script.',
    },
    [
      ...[
        [REPORT, ''],
        [`${REPORT}/folder/a`, ''],
        ['/cgi-bin/folder/report.cgi', 'folder'],
        ['/cgi-bin/folder/inner/report.cgi/a', 'folder/inner'],
      ].map(([target = '', folder = '']) => ({
        title: `runs ${target} in the folder of the script`,
        request: get(target),
        expect: report((seen, { place }) => {
          assert.equal(seen.folder, path.join(place.root, 'cgi-bin', folder))
        }),
      })),
      {
        title: 'lets a script find the files next to it',
        request: get('/cgi-bin/folder/neighbour.cgi'),
        expect: all(answers(200), body('next to the script\n')),
      },
    ],
  ],
  [
    {
      contract: 'ENV-3',
      source: 'RFC 3875 section 3.4',
      level: 'security',
      because:
        'RFC 3875 section 3.4: the file is executed as a program; no shell may read what a client sends.',
    },
    ['/$(touch%20evil)', '/%60id%60', '/;id', '/|id', '/%0aid', '/%26id', "/'%22"].map((extra) => ({
      title: `gives no shell the path ${extra}`,
      request: get(REPORT + extra),
      expect: either(
        report(({ variables: seen }) => {
          assert.equal(seen.get('PATH_INFO'), decodeURIComponent(extra))
          assert.doesNotMatch([...seen.values()].join('\n'), /uid=/)
        }),
        refuses(400, 403, 404),
      ),
    })),
  ],
  [
    {
      contract: 'ENV-1',
      source: 'RFC 3875 sections 4.1.18 and 9.2',
      level: 'SHOULD',
      because: 'RFC 3875 section 9.2: passwords are not for scripts unless the server is told so.',
    },
    [
      {
        title: 'hands on nothing of a password, under whatever name',
        request: get(REPORT, 'Authorization: Digest username="a", response="c2VjcmV0"'),
        expect: nowhere(/c2VjcmV0/),
      },
    ],
  ],
)
