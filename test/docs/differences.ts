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
  'Output that is no header': to('GET /cgi-bin/broken.sh'),
  'No output': to('GET /cgi-bin/silent.sh'),
  '`Status: 99`': to('GET /cgi-bin/status.sh'),
  'The reason in `Status: 403 Not Today`': to('GET /cgi-bin/forbidden.sh'),
  'The reason in a redirect': to('GET /cgi-bin/redirect.sh'),
  '`Location: /path` alone': to('GET /cgi-bin/local.sh'),
  'No such script': to('GET /cgi-bin/absent.sh'),
  'A file without execute permission': to('GET /cgi-bin/closed.sh'),
  'A folder': to('GET /cgi-bin/'),
  'Links that leave the folder': to('GET /cgi-bin/link.sh'),
  'Names that begin with a dot': to('GET /cgi-bin/.hidden.sh'),
  'Scripts named `nph-…`': to('GET /cgi-bin/nph-raw.sh'),
  '`X-Sendfile`': to('GET /cgi-bin/sendfile.sh'),
  'An answer in parts': (port) => askForFirstPart(port, '/cgi-bin/events.sh', 'first'),
  'Repeated slashes in `PATH_INFO`': to(`GET ${SHOW}//a///b`),
  'An encoded slash in `PATH_INFO`': to(`GET ${SHOW}/a%2Fb`),
  'A percent sign that encodes nothing': to(`GET ${SHOW}/%zz`),
  'A query without `=`': to(`GET ${SHOW}?a+b`),
  'Encoded letters in the query': to(`GET ${SHOW}?x=%41%7e`),
  'A chunked body': to(`POST ${SHOW}`, 'Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'),
  '`Authorization`': to(`GET ${SHOW}`, 'Authorization: Basic YWRhOng='),
  '`REMOTE_USER` without `auth_basic`': to(`GET ${SHOW}`, 'Authorization: Basic YWRhOng='),
  'The header `Proxy`': to(`GET ${SHOW}`, 'Proxy: http://example.com'),
  'Header names with `_`': to(`GET ${SHOW}`, 'X_Under: 1'),
  'A header field that is there twice': to(`GET ${SHOW}`, 'X-Two: 1', 'X-Two: 2'),
  'Two `Cookie` fields': to(`GET ${SHOW}`, 'Cookie: a=1', 'Cookie: b=2'),
  'Variables of Apache': to(`GET ${SHOW}`),
  "The variables of fcgiwrap's own environment": to(`GET ${SHOW}`),
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
  '`HTTP_CONNECTION` and its like': to(`GET ${SHOW}`),
  TRACE: to('TRACE /cgi-bin/hello.sh'),
  'A client that goes away': leave,
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
  'A folder': [status(403), status(404)],
  'Links that leave the folder': [HELLO, status(404)],
  'Names that begin with a dot': [HELLO, status(404)],
  'Repeated slashes in `PATH_INFO`': [has('PATH_INFO', '/a/b'), has('PATH_INFO', '//a///b')],
  '`REMOTE_HOST`': [lacks('REMOTE_HOST'), has('REMOTE_HOST', '127.0.0.1')],
  '`HTTP_CONNECTION` and its like': [has('HTTP_CONNECTION'), lacks('HTTP_CONNECTION')],
  'A client that goes away': [/^finished$/, /^stopped$/],
} as const satisfies Record<string, Answers>

/** What servers with a buffer have in common. */
const BUFFERED = {
  '`Location: /path` alone': [/^HTTP\/1.1 302 [^]*Location: \/cgi-bin\/hello/, HELLO],
  'An answer in parts': [/first[^]*second/, /first(?![^]*second)/],
  'An encoded slash in `PATH_INFO`': [has('PATH_INFO', '/a/b'), status(400)],
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
    'Output that is no header': [status(500), status(502)],
    'No output': [status(500), status(502)],
    '`Status: 99`': [/^HTTP\/1.1 500 [^]*ok/, status(502)],
    'A file without execute permission': [status(500), status(403)],
    'An encoded slash in `PATH_INFO`': [status(404), status(400)],
    'A query without `=`': [has('ARGUMENTS', 'a b'), has('ARGUMENTS', '')],
    'A chunked body': [lacks('CONTENT_LENGTH'), has('CONTENT_LENGTH', '5')],
    '`SERVER_PORT`': [has('SERVER_PORT', '99'), has('SERVER_PORT', '\\d{5}')],
    'Two `Cookie` fields': [has('HTTP_COOKIE', 'a=1, b=2'), has('HTTP_COOKIE', 'a=1; b=2')],
    '`REDIRECT_STATUS`': [lacks('REDIRECT_STATUS'), has('REDIRECT_STATUS', '200')],
    'Variables of Apache': [
      new RegExp(APACHE_VARIABLES.map((name) => `(?=[^]*\\n${name}=)`).join('')),
      lacks(...APACHE_VARIABLES),
    ],
    TRACE: [/^HTTP\/1.1 200 [^]*TRACE/, status(405)],
  },
  'from-lighttpd.md': {
    ...COMMON,
    ...BUFFERED,
    'Output that is no header': [/^HTTP\/1.1 200 [^]*Nor is this/, status(502)],
    'No output': [status(500), status(502)],
    'The reason in `Status: 403 Not Today`': [
      /^HTTP\/1.1 403 Forbidden/,
      /^HTTP\/1.1 403 Not Today/,
    ],
    'A file without execute permission': [status(500), status(403)],
    'Scripts named `nph-…`': [/^HTTP\/1.1 404 Not Found/, /^HTTP\/1.1 404 Nobody Here/],
    'A percent sign that encodes nothing': [has('PATH_INFO', '/%zz'), status(400)],
    'Encoded letters in the query': [has('QUERY_STRING', 'x=A~'), has('QUERY_STRING', 'x=%41%7e')],
    'Header names with `_`': [has('HTTP_X_UNDER', '1'), lacks('HTTP_X_UNDER')],
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
    'No such script': [status(403), status(404)],
    'The reason in a redirect': [/^HTTP\/1.1 302 Moved Temporarily/, /^HTTP\/1.1 302 Found/],
    'Scripts named `nph-…`': [status(200), /^HTTP\/1.1 404 Nobody Here/],
    '`X-Sendfile`': [/\nX-Sendfile: \/.*\/report.txt/, /^(?![^]*X-Sendfile)[^]*a report/i],
    '`REMOTE_USER` without `auth_basic`': [has('REMOTE_USER', 'ada'), lacks('REMOTE_USER')],
    'The header `Proxy`': [has('HTTP_PROXY'), lacks('HTTP_PROXY')],
    "The variables of fcgiwrap's own environment": [has('SECRET'), lacks('SECRET')],
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
    'A header field that is there twice': [
      has('HTTP_X_TWO', '(?:2|1, 2)'),
      has('HTTP_X_TWO', '1, 2'),
    ],
    'Two `Cookie` fields': [has('HTTP_COOKIE', '(?:b=2|a=1; b=2)'), has('HTTP_COOKIE', 'a=1; b=2')],
  },
}
