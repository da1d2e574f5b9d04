import { ask, askForFirstPart, leave, type Lines } from './moving-request.js'
import type { MovingSite } from './moving-site.js'

/** Asks a server for what a row of a guide is about. @returns what it answers, or what has become of it. */
export type Question = (port: number, site: MovingSite) => Promise<string>

/** How a server answers, and how the gateway does. */
export type Answers = readonly [there: RegExp, here: RegExp]

/** A request to ask. */
export const to =
  (...lines: Lines): Question =>
  (port) =>
    ask(port, lines)

const SHOW = '/cgi-bin/show.sh'

/** What the rows are about, by their first cell. */
export const QUESTIONS: Readonly<Record<string, Question>> = {
  'Output without a valid header': to('GET /cgi-bin/broken.sh'),
  'A script that prints nothing': to('GET /cgi-bin/silent.sh'),
  '`Status: 99`': to('GET /cgi-bin/status.sh'),
  'The words after the status: `Status: 403 Not Today`': to('GET /cgi-bin/forbidden.sh'),
  'The words after the status of a redirect': to('GET /cgi-bin/redirect.sh'),
  'A header with only `Location: /path`': to('GET /cgi-bin/local.sh'),
  'A missing script': to('GET /cgi-bin/absent.sh'),
  'A script without execute permission': to('GET /cgi-bin/closed.sh'),
  'The URL of a folder': to('GET /cgi-bin/'),
  'Links that leave the folder': to('GET /cgi-bin/link.sh'),
  'Files whose names begin with a dot': to('GET /cgi-bin/.hidden.sh'),
  'Scripts named `nph-…`': to('GET /cgi-bin/nph-raw.sh'),
  '`X-Sendfile`': to('GET /cgi-bin/sendfile.sh'),
  'A script that prints its answer in parts': (port) =>
    askForFirstPart(port, '/cgi-bin/events.sh', 'first'),
  'Repeated slashes in `PATH_INFO`': to(`GET ${SHOW}//a///b`),
  '`%2F` in `PATH_INFO`': to(`GET ${SHOW}/a%2Fb`),
  '`%zz` in the path': to(`GET ${SHOW}/%zz`),
  'A query without `=`': to(`GET ${SHOW}?a+b`),
  '`%41` in the query': to(`GET ${SHOW}?x=%41%7e`),
  'An upload without a length (chunked)': to(
    `POST ${SHOW}`,
    'Transfer-Encoding: chunked',
    '',
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  '`Authorization`': to(`GET ${SHOW}`, 'Authorization: Basic YWRhOng='),
  '`REMOTE_USER` without `auth_basic`': to(`GET ${SHOW}`, 'Authorization: Basic YWRhOng='),
  'The request header `Proxy`': to(`GET ${SHOW}`, 'Proxy: http://example.com'),
  'Request headers with `_` in their names': to(`GET ${SHOW}`, 'X_Under: 1'),
  'A request header that is sent twice': to(`GET ${SHOW}`, 'X-Two: 1', 'X-Two: 2'),
  'Two `Cookie` headers': to(`GET ${SHOW}`, 'Cookie: a=1', 'Cookie: b=2'),
  'Variables that only Apache sets': to(`GET ${SHOW}`),
  'The environment of fcgiwrap': to(`GET ${SHOW}`),
  '`CONTENT_LENGTH` without a body': to(`GET ${SHOW}`),
  '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': to(`GET ${SHOW}`),
  '`SERVER_PORT`': to(`GET ${SHOW}`),
  '`SERVER_NAME`': to(`GET ${SHOW}`),
  '`SCRIPT_FILENAME`, `PATH_TRANSLATED`': to(`GET ${SHOW}/a`),
  '`DOCUMENT_ROOT` below `alias.url`': to(`GET ${SHOW}`),
  '`DOCUMENT_URI`, `FCGI_ROLE`': to(`GET ${SHOW}`),
  '`PATH`': to(`GET ${SHOW}`),
  '`REMOTE_HOST`': to(`GET ${SHOW}`),
  '`REDIRECT_STATUS`': to(`GET ${SHOW}`),
  '`REDIRECT_URI`': to(`GET ${SHOW}//a`),
  '`HTTP_CONNECTION` and other hop-by-hop fields': to(`GET ${SHOW}`),
  TRACE: to('TRACE /cgi-bin/hello.sh'),
  'The client disconnects': leave,
}

/** The answer has this status. */
export const status = (code: number): RegExp => new RegExp(`^HTTP/1.1 ${code} `)

/** A script has the variable with this value, or with any. */
export const has = (name: string, value = '.*'): RegExp =>
  new RegExp(`^HTTP/1.1 200 [^]*^${name}=${value}\r?$[^]*^END`, 'm')

/** A script has none of these variables. */
export const lacks = (...names: string[]): RegExp =>
  new RegExp(`^HTTP/1.1 200 (?![^]*\\n(?:${names.join('|')})=)[^]*\\nEND`)

const HELLO = /^HTTP\/1.1 200 [^]*Hello/

/** Where the answers are the same for every server that has the row. */
const COMMON = {
  'The URL of a folder': [status(403), status(404)],
  'Links that leave the folder': [HELLO, status(404)],
  'Files whose names begin with a dot': [HELLO, status(404)],
  'Repeated slashes in `PATH_INFO`': [has('PATH_INFO', '/a/b'), has('PATH_INFO', '//a///b')],
  '`REMOTE_HOST`': [lacks('REMOTE_HOST'), has('REMOTE_HOST', '127.0.0.1')],
  '`HTTP_CONNECTION` and other hop-by-hop fields': [
    has('HTTP_CONNECTION'),
    lacks('HTTP_CONNECTION'),
  ],
  'The client disconnects': [/^finished$/, /^stopped$/],
} as const satisfies Record<string, Answers>

/** What servers with a buffer have in common. */
const BUFFERED = {
  'A header with only `Location: /path`': [/^HTTP\/1.1 302 [^]*Location: \/cgi-bin\/hello/, HELLO],
  'A script that prints its answer in parts': [/first[^]*second/, /first(?![^]*second)/],
  '`%2F` in `PATH_INFO`': [has('PATH_INFO', '/a/b'), status(400)],
  '`Authorization`': [has('HTTP_AUTHORIZATION'), lacks('HTTP_AUTHORIZATION')],
} as const satisfies Record<string, Answers>

const APACHE_VARIABLES = [
  'SERVER_ADMIN',
  'SERVER_SIGNATURE',
  'CONTEXT_PREFIX',
  'CONTEXT_DOCUMENT_ROOT',
] as const

/** The answers that the rows of each guide tell of. */
export const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, Answers>>>> = {
  'from-apache.md': {
    ...COMMON,
    'Output without a valid header': [status(500), status(502)],
    'A script that prints nothing': [status(500), status(502)],
    '`Status: 99`': [/^HTTP\/1.1 500 [^]*ok/, status(502)],
    'A script without execute permission': [status(500), status(403)],
    '`%2F` in `PATH_INFO`': [status(404), status(400)],
    'A query without `=`': [has('ARGUMENTS', 'a b'), has('ARGUMENTS', '')],
    'An upload without a length (chunked)': [lacks('CONTENT_LENGTH'), has('CONTENT_LENGTH', '5')],
    '`SERVER_PORT`': [has('SERVER_PORT', '99'), has('SERVER_PORT', '\\d{5}')],
    'Two `Cookie` headers': [has('HTTP_COOKIE', 'a=1, b=2'), has('HTTP_COOKIE', 'a=1; b=2')],
    '`REDIRECT_STATUS`': [lacks('REDIRECT_STATUS'), has('REDIRECT_STATUS', '200')],
    'Variables that only Apache sets': [
      new RegExp(APACHE_VARIABLES.map((name) => `(?=[^]*\\n${name}=)`).join('')),
      lacks(...APACHE_VARIABLES),
    ],
    TRACE: [/^HTTP\/1.1 200 [^]*TRACE/, status(405)],
  },
  'from-lighttpd.md': {
    ...COMMON,
    ...BUFFERED,
    'Output without a valid header': [/^HTTP\/1.1 200 [^]*Nor is this/, status(502)],
    'A script that prints nothing': [status(500), status(502)],
    'The words after the status: `Status: 403 Not Today`': [
      /^HTTP\/1.1 403 Forbidden/,
      /^HTTP\/1.1 403 Not Today/,
    ],
    'A script without execute permission': [status(500), status(403)],
    'Scripts named `nph-…`': [/^HTTP\/1.1 404 Not Found/, /^HTTP\/1.1 404 Nobody Here/],
    '`%zz` in the path': [has('PATH_INFO', '/%zz'), status(400)],
    '`%41` in the query': [has('QUERY_STRING', 'x=A~'), has('QUERY_STRING', 'x=%41%7e')],
    'Request headers with `_` in their names': [has('HTTP_X_UNDER', '1'), lacks('HTTP_X_UNDER')],
    '`CONTENT_LENGTH` without a body': [has('CONTENT_LENGTH', '0'), lacks('CONTENT_LENGTH')],
    '`DOCUMENT_ROOT` below `alias.url`': [
      has('DOCUMENT_ROOT', '.*/cgi-bin/'),
      has('DOCUMENT_ROOT', '.*/cgi-bin'),
    ],
    // A shell gives itself one, which it does not hand on.
    '`PATH`': [lacks('PATH'), has('PATH')],
    '`REDIRECT_URI`': [has('REDIRECT_URI'), lacks('REDIRECT_URI')],
    TRACE: [HELLO, status(405)],
  },
  'from-nginx-fcgiwrap.md': {
    ...COMMON,
    ...BUFFERED,
    'A missing script': [status(403), status(404)],
    'The words after the status of a redirect': [
      /^HTTP\/1.1 302 Moved Temporarily/,
      /^HTTP\/1.1 302 Found/,
    ],
    'Scripts named `nph-…`': [status(200), /^HTTP\/1.1 404 Nobody Here/],
    '`X-Sendfile`': [/\nX-Sendfile: \/.*\/report.txt/, /^(?![^]*X-Sendfile)[^]*a report/i],
    '`REMOTE_USER` without `auth_basic`': [has('REMOTE_USER', 'ada'), lacks('REMOTE_USER')],
    'The request header `Proxy`': [has('HTTP_PROXY'), lacks('HTTP_PROXY')],
    'The environment of fcgiwrap': [has('SECRET'), lacks('SECRET')],
    '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': [
      /(?=[^]*\nCONTENT_TYPE=\n)(?=[^]*\nCONTENT_LENGTH=\n)/,
      lacks('CONTENT_TYPE', 'CONTENT_LENGTH'),
    ],
    '`SERVER_NAME`': [has('SERVER_NAME', ''), has('SERVER_NAME', 'example.org')],
    '`SCRIPT_FILENAME`, `PATH_TRANSLATED`': [
      lacks('SCRIPT_FILENAME', 'PATH_TRANSLATED'),
      /(?=[^]*\nSCRIPT_FILENAME=\/)(?=[^]*\nPATH_TRANSLATED=\/)/,
    ],
    '`DOCUMENT_URI`, `FCGI_ROLE`': [
      /(?=[^]*\nDOCUMENT_URI=\/)(?=[^]*\nFCGI_ROLE=)/,
      lacks('DOCUMENT_URI', 'FCGI_ROLE'),
    ],
    'A request header that is sent twice': [
      has('HTTP_X_TWO', '(?:2|1, 2)'),
      has('HTTP_X_TWO', '1, 2'),
    ],
    'Two `Cookie` headers': [
      has('HTTP_COOKIE', '(?:b=2|a=1; b=2)'),
      has('HTTP_COOKIE', 'a=1; b=2'),
    ],
  },
}
