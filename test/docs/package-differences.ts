import { type Answers, has, lacks, type Question, status, to } from './differences.js'
import { askForFirstPart, leave } from './moving-request.js'

/** A row of the guide: the script of the program, what is asked, how it is answered. */
type Case = readonly [script: string, question: Question, ...answers: Answers]

const SHOW = '/cgi-bin/show.sh'

/** What has become of a host that answers nothing. */
const GONE = /^(?:Error: .*)?\ngone$/

const OPTIONS: Case[1] = to(
  `GET ${SHOW}`,
  'Authorization: Basic YWRhOng=',
  'Proxy: x',
  'X_Under: 1',
)

const COMMON = {
  'Output without a valid header': ['broken.sh', to('GET /cgi-bin/broken.sh'), GONE, status(502)],
  'A program that cannot be run': [
    'closed.sh',
    to('GET /cgi-bin/closed.sh'),
    GONE,
    /does not listen[^]*Expected the `script` option/,
  ],
  'An upload that the script does not read': [
    'hello.sh',
    to('POST /cgi-bin/hello.sh', 'Content-Length: 3000000', '', 'x'.repeat(3_000_000)),
    GONE,
    /^HTTP\/1.1 200 [^]*Hello[^]*up$/,
  ],
  'A header with only `Location`': [
    'redirect.sh',
    to('GET /cgi-bin/redirect.sh'),
    /^HTTP\/1.1 200 [^]*Location: https:/,
    /^HTTP\/1.1 302 [^]*location: https:/,
  ],
  'Two `Set-Cookie` headers': [
    'cookies.sh',
    to('GET /cgi-bin/cookies.sh'),
    /^(?![^]*a=1)[^]*b=2/,
    /a=1[^]*b=2/,
  ],
  'An upload without a length (chunked)': [
    'read.sh',
    to('POST /cgi-bin/read.sh', 'Transfer-Encoding: chunked', '', '5\r\nhello\r\n0\r\n\r\n'),
    /^HTTP\/1.1 200 (?![^]*\nCONTENT_LENGTH=\d)/,
    has('CONTENT_LENGTH', '5'),
  ],
  '`PATH_INFO`': [
    'show.sh',
    to(`GET ${SHOW}/a%20b`),
    has('PATH_INFO', '/a%20b'),
    has('PATH_INFO', '/a b'),
  ],
  'The environment of the process': ['show.sh', OPTIONS, has('SECRET'), lacks('SECRET')],
  'The working directory': ['show.sh', OPTIONS, /\nPWD=.*moving-\w+\n/, /\nPWD=.*\/cgi-bin\n/],
  'The client disconnects': ['leave.sh', leave, /^finished\n/, /^stopped\n/],
} as const satisfies Record<string, Case>

const PHP = to(
  'POST /info.php',
  'Authorization: Basic YWRhOng=',
  'Proxy: x',
  'Content-Type: text/plain',
  'Content-Length: 0',
)

/** The rows of the guide, by what they are compared to. */
export const PACKAGE_DIFFERENCES: Readonly<Record<string, Readonly<Record<string, Case>>>> = {
  cgi: {
    ...COMMON,
    'A script that prints nothing': [
      'silent.sh',
      to('GET /cgi-bin/silent.sh'),
      /^nothing/,
      status(502),
    ],
    'The words after the status: `Status: 403 Not Today`': [
      'forbidden.sh',
      to('GET /cgi-bin/forbidden.sh'),
      /^HTTP\/1.1 403 Forbidden/,
      /^HTTP\/1.1 403 Not Today/,
    ],
    '`PATH_INFO` if the URL ends with the script': [
      'show.sh',
      OPTIONS,
      has('PATH_INFO', '/'),
      lacks('PATH_INFO'),
    ],
    '`SERVER_PORT`': ['show.sh', OPTIONS, has('SERVER_PORT', '99'), has('SERVER_PORT', '\\d{5}')],
    '`REMOTE_ADDR` of an IPv4 client': [
      'show.sh',
      OPTIONS,
      has('REMOTE_ADDR', '::ffff:127.0.0.1'),
      has('REMOTE_ADDR', '127.0.0.1'),
    ],
    '`AUTH_TYPE`': ['show.sh', OPTIONS, has('AUTH_TYPE', 'Basic'), lacks('AUTH_TYPE')],
    '`Authorization`': ['show.sh', OPTIONS, has('HTTP_AUTHORIZATION'), lacks('HTTP_AUTHORIZATION')],
    'The request header `Proxy`': ['show.sh', OPTIONS, has('HTTP_PROXY'), lacks('HTTP_PROXY')],
    'Request headers with `_` in their names': [
      'show.sh',
      OPTIONS,
      has('HTTP_X_UNDER'),
      lacks('HTTP_X_UNDER'),
    ],
  },
  gateway: {
    'A path after the name of the script': [
      '',
      to('GET /info.php/a/b'),
      status(404),
      has('PATH_INFO', '/a/b'),
    ],
    'Two `Set-Cookie` headers': [
      '',
      PHP,
      /^(?![^]*Set-Cookie: a=1)[^]*b=2/i,
      /cookie: a=1[^]*b=2/i,
    ],
    '`SERVER_PORT`': ['', PHP, has('SERVER_PORT', '99'), has('SERVER_PORT', '\\d{5}')],
    '`REMOTE_ADDR` of an IPv4 client': [
      '',
      PHP,
      has('REMOTE_ADDR', '::ffff:127.0.0.1'),
      has('REMOTE_ADDR', '127.0.0.1'),
    ],
    '`HTTPS` without TLS': ['', PHP, has('HTTPS', 'Off'), lacks('HTTPS')],
    '`Authorization`': ['', PHP, has('HTTP_AUTHORIZATION'), lacks('HTTP_AUTHORIZATION')],
    'The request header `Proxy`': ['', PHP, has('HTTP_PROXY'), lacks('HTTP_PROXY')],
    '`HTTP_CONTENT_TYPE`, `HTTP_CONTENT_LENGTH`': [
      '',
      PHP,
      /(?=[^]*\nHTTP_CONTENT_TYPE=)(?=[^]*\nHTTP_CONTENT_LENGTH=)/,
      lacks('HTTP_CONTENT_TYPE', 'HTTP_CONTENT_LENGTH'),
    ],
    '`PATH_TRANSLATED`': ['', PHP, has('PATH_TRANSLATED', '.*/info.php'), lacks('PATH_TRANSLATED')],
    '`SERVER_ROOT`': ['', PHP, has('SERVER_ROOT'), lacks('SERVER_ROOT')],
    'The client disconnects': [
      '',
      (port, site) => leave(port, site, '/leave.php'),
      /^finished\n/,
      /^stopped\n/,
    ],
  },
  spawn: {
    ...COMMON,
    'A script that prints nothing': ['silent.sh', to('GET /cgi-bin/silent.sh'), GONE, status(502)],
    '`Status: 403 Not Today`': [
      'forbidden.sh',
      to('GET /cgi-bin/forbidden.sh'),
      /^HTTP\/1.1 200 [^]*Status: 403 Not Today/,
      /^HTTP\/1.1 403 Not Today/,
    ],
    'A script that prints its answer in parts': [
      'events.sh',
      (port) => askForFirstPart(port, '/cgi-bin/events.sh', 'first'),
      /first[^]*second/,
      /first(?![^]*second)/,
    ],
    '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': [
      'show.sh',
      OPTIONS,
      /(?=[^]*\nCONTENT_TYPE=\n)(?=[^]*\nCONTENT_LENGTH=\n)/,
      lacks('CONTENT_TYPE', 'CONTENT_LENGTH'),
    ],
    'The variables of the RFC': [
      'show.sh',
      OPTIONS,
      lacks('SERVER_NAME', 'REMOTE_ADDR'),
      /(?=[^]*\nSERVER_NAME=)(?=[^]*\nREMOTE_ADDR=)/,
    ],
  },
}
