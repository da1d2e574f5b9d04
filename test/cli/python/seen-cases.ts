import { OF_THE_HOST } from './answer.js'
import type { Case, Difference, Differing } from './difference.js'

/** Another one there than here, whatever the request. */
const ALWAYS: readonly Difference[] = [
  { row: 'The folder that scripts run in', differing: { folder: ['SITE', 'SITE/cgi-bin'] } },
  { row: 'The environment of the server', differing: { [OF_THE_HOST]: ['yes', undefined] } },
  { row: 'The version of HTTP', differing: { SERVER_PROTOCOL: ['HTTP/1.0', 'HTTP/1.1'] } },
  {
    row: 'The name of the server',
    differing: { SERVER_SOFTWARE: [/^SimpleHTTP\//, /^CommonGateway\//] },
  },
  {
    row: 'Variables that other servers set',
    differing: {
      DOCUMENT_ROOT: [undefined, 'SITE'],
      HTTP_HOST: [undefined, 'localhost'],
      REDIRECT_STATUS: [undefined, '200'],
      REMOTE_HOST: ['', '127.0.0.1'],
      REMOTE_PORT: [undefined, 'a port'],
      REQUEST_SCHEME: [undefined, 'http'],
      REQUEST_URI: [undefined, /^\/cgi-bin\/seen\.py/],
      SCRIPT_FILENAME: [undefined, 'SITE/cgi-bin/seen.py'],
      SERVER_ADDR: [undefined, '127.0.0.1'],
    },
  },
  // Python's server gives up its privileges only if it has some.
  ...(process.getuid?.() === 0
    ? [{ row: 'The user that scripts run as', differing: { user: ['nobody', 'root'] as const } }]
    : []),
]

const UNSET = 'Variables that have no value'

/** Of a request without these fields. */
const NO_FIELDS: Difference = {
  row: UNSET,
  differing: {
    CONTENT_LENGTH: ['', undefined],
    CONTENT_TYPE: ['text/plain', undefined],
    HTTP_ACCEPT: ['', undefined],
    HTTP_COOKIE: ['', undefined],
    HTTP_REFERER: ['', undefined],
    HTTP_USER_AGENT: ['', undefined],
  },
}

/** Of a request for the script itself. */
const NO_PATH: Difference = {
  row: UNSET,
  differing: { PATH_INFO: ['', undefined], PATH_TRANSLATED: ['SITE', undefined] },
}

const FIELDS = ['Content-Type: text/x', 'Authorization: Basic YTpi', 'Cookie: a=b', 'Cookie: c=d']
FIELDS.push('Accept: a/b', 'Accept: c/d', 'User-Agent: me', 'Referer: http://r/', 'X-Other: other')
FIELDS.push('Proxy: http://example.org/')

/** All that a script has seen of a request that is refused here. */
const NOTHING_HERE: Differing = {
  status: ['200', '400'],
  type: ['text/plain', 'of an error page'],
  body: ['what the script saw', 'an error page'],
  ...Object.fromEntries(
    `arguments folder ${OF_THE_HOST} SERVER_SOFTWARE SERVER_NAME GATEWAY_INTERFACE SERVER_PROTOCOL
    SERVER_PORT REQUEST_METHOD PATH_INFO PATH_TRANSLATED SCRIPT_NAME QUERY_STRING REMOTE_ADDR
    CONTENT_TYPE HTTP_ACCEPT REMOTE_HOST CONTENT_LENGTH HTTP_USER_AGENT HTTP_COOKIE HTTP_REFERER`
      .split(/\s+/)
      .map((name) => [name, [/^/, undefined]] as const),
  ),
  ...(process.getuid?.() === 0 && { user: ['nobody', undefined] }),
}

/** What is asked of a script that tells what it sees. */
export const SEEN_CASES: readonly Omit<Case, 'read'>[] = [
  { ask: 'GET /cgi-bin/seen.py/a/b%20c?x=1', differences: [...ALWAYS, NO_FIELDS] },
  { ask: 'GET /cgi-bin/seen.py/%C3%BC?x=%C3%BC', differences: [...ALWAYS, NO_FIELDS] },
  {
    ask: 'GET /cgi-bin/seen.py?one+two',
    differences: [
      ...ALWAYS,
      NO_FIELDS,
      NO_PATH,
      { row: 'A query without `=`', differing: { arguments: ["'one two'", ''] } },
    ],
  },
  {
    ask: 'POST /cgi-bin/seen.py?x=1',
    headers: FIELDS,
    body: 'body',
    differences: [
      ...ALWAYS,
      NO_PATH,
      {
        row: '`Authorization`',
        differing: { AUTH_TYPE: ['Basic', undefined], REMOTE_USER: ['a', undefined] },
      },
      { row: 'Request headers', differing: { HTTP_X_OTHER: [undefined, 'other'] } },
      {
        row: 'Request headers that are sent twice',
        differing: {
          HTTP_ACCEPT: ['a/b,c/d', 'a/b, c/d'],
          HTTP_COOKIE: ['a=b, c=d', 'a=b; c=d'],
        },
      },
    ],
  },
  {
    ask: 'GET /cgi-bin/seen.py/a%2525b?x=',
    differences: [
      ...ALWAYS,
      NO_FIELDS,
      {
        row: 'Escapes such as `%3F` in the path of a script',
        differing: {
          PATH_INFO: ['/a%b', '/a%25b'],
          PATH_TRANSLATED: ['SITE/a%b', 'SITE/a%25b'],
        },
      },
    ],
  },
  {
    ask: 'GET /cgi-bin/seen.py/a//b?x=',
    differences: [
      ...ALWAYS,
      NO_FIELDS,
      {
        row: 'Escapes such as `%3F` in the path of a script',
        differing: { PATH_INFO: ['/a/b', '/a//b'] },
      },
    ],
  },
  {
    ask: 'GET /cgi-bin/seen.py/a%2Fb?x=',
    differences: [
      { row: 'Escapes such as `%3F` in the path of a script', differing: NOTHING_HERE },
    ],
  },
]
