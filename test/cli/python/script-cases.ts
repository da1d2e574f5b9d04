import { toListing, toLiteral, toSeen } from './answer.js'
import { type Case, type Differing, differs, same } from './difference.js'
import { SEEN_CASES } from './seen-cases.js'

const FORM = { headers: ['Content-Type: application/x-www-form-urlencoded'] }

/** An answer that is an error page here, and there all that the script printed, or none. */
const fails = (status: string): Differing => ({
  status: ['200', status],
  type: ['', 'of an error page'],
  body: ['', 'an error page'],
})

const STATUS = 'The status line of a script'
const REDIRECTS = 'Redirects'
const FAILURES = 'Scripts that fail before their header'
const NPH = 'Scripts named `nph-…`'
const HEAD = 'HEAD'
const METHODS = 'PUT, DELETE and other methods, for scripts'
const PLAIN = 'Scripts that are not executable'
const RELATIVE = 'The folder that scripts run in'
const INPUT = 'The end of standard input'
const CHUNKED = 'Uploads without a length'
const ELSEWHERE = 'A `cgi-bin` in another folder'
const FOLDERS = 'The folder of scripts itself'
const PATHS = 'Paths with `..`, `//` or invalid escapes'
const ESCAPES = 'Escapes such as `%3F` in the path of a script'

const REFUSED = (status: string, body = 'Hello from a shell\n'): Differing => ({
  status: ['200', status],
  type: ['text/plain', 'of an error page'],
  body: [body, 'an error page'],
})

/** What is asked of scripts, and of the folders that they are in. */
export const SCRIPT_CASES: readonly Case[] = [
  same('GET /cgi-bin/hello.py'),
  same('GET /cgi-bin/hello.sh'),
  same('GET /htbin/hello.sh'),
  same('GET /cgi-bin/deep/hello.py'),
  same('GET /cgi-bin/hello%2Esh'),
  same('GET /%63gi-bin/hello.sh'),
  same('GET /cgi-bin//hello.sh'),
  same('GET //cgi-bin/hello.sh'),
  same('GET /cgi-bin/hello.sh/'),
  same('GET /cgi-bin/form.py?name=Zo%C3%AB&a=b+c&a=%26'),
  same('POST /cgi-bin/form.py', { ...FORM, body: 'name=Zo%C3%AB&a=b+c&a=%26' }),
  same('POST /cgi-bin/form.py?not=this', { ...FORM, body: 'a=b' }),
  same('POST /cgi-bin/form.py', { ...FORM, body: `long=${'a'.repeat(100_000)}` }),
  same('POST /cgi-bin/form.py'),
  same('POST /cgi-bin/hello.sh', { body: 'a body that is not read' }),
  same('GET /cgi-bin/cookies.sh'),
  same('GET /cgi-bin/fails-late.sh'),
  same('GET /cgi-bin/cgitb.py'),
  same('GET /cgi-bin/missing.py'),
  same('POST /cgi-bin/missing.py', { body: 'a=b' }),
  same('GET /cgi-bin/plain.txt'),

  differs(
    STATUS,
    'GET /cgi-bin/hello.sh',
    { version: ['HTTP/1.0', 'HTTP/1.1'], reason: ['Script output follows', 'OK'] },
    { read: toLiteral },
  ),
  differs(STATUS, 'GET /cgi-bin/forbidden.sh', { status: ['200', '403'] }),
  differs(STATUS, 'POST /cgi-bin/forbidden.sh', { status: ['200', '403'] }, { body: 'a=b' }),
  differs(REDIRECTS, 'GET /cgi-bin/moved.sh', { status: ['200', '303'] }),
  differs(REDIRECTS, 'POST /cgi-bin/moved.sh', { status: ['200', '303'] }, { body: 'a=b' }),
  differs(REDIRECTS, 'GET /cgi-bin/elsewhere.sh', { status: ['200', '302'] }),
  differs(REDIRECTS, 'GET /cgi-bin/local.sh', {
    type: ['', 'text/plain; charset=utf-8'],
    location: ['/notes.txt', ''],
    body: ['', 'some notes'],
  }),
  differs(FAILURES, 'GET /cgi-bin/fails.py', fails('502')),
  differs(FAILURES, 'GET /cgi-bin/silent.sh', fails('502')),
  differs(FAILURES, 'GET /cgi-bin/no-header.sh', fails('502')),
  differs(FAILURES, 'GET /cgi-bin/no-line.sh', fails('500')),
  differs(FAILURES, 'GET /cgi-bin/no-interpreter.sh', fails('500')),
  differs(NPH, 'GET /cgi-bin/nph-raw.sh', { status: ['200', '410'] }),
  differs(HEAD, 'HEAD /cgi-bin/hello.sh', { body: ['Hello from a shell\n', ''] }),
  differs(METHODS, 'PUT /cgi-bin/hello.sh', {
    status: ['501', '200'],
    type: ['of an error page', 'text/plain'],
    body: ['an error page', 'Hello from a shell\n'],
  }),
  differs(METHODS, 'TRACE /cgi-bin/hello.sh', { status: ['501', '405'] }),
  differs(PLAIN, 'GET /cgi-bin/plain.py', {
    status: ['403', '200'],
    type: ['of an error page', 'text/plain'],
    body: ['an error page', 'run by its extension\n'],
  }),
  differs(RELATIVE, 'GET /cgi-bin/relative.sh', { body: ['some notes', ''] }),
  differs(INPUT, 'POST /cgi-bin/reads-all.sh', { body: ['a=b 124\n', 'a=b 0\n'] }, { body: 'a=b' }),
  differs(
    CHUNKED,
    'POST /cgi-bin/form.py',
    { body: ['', '<p>a is b</p>\n'] },
    { headers: ['Transfer-Encoding: chunked'], body: '3\r\na=b\r\n0\r\n\r\n' },
  ),

  differs(ELSEWHERE, 'GET /project/cgi-bin/hello.sh', {
    status: ['200', '404'],
    type: [/./, 'of an error page'],
    body: [/^#!\/bin\/sh\n/, 'an error page'],
  }),
  same('GET /cgi-bin'),
  differs(
    FOLDERS,
    'GET /cgi-bin/',
    {
      status: ['403', '200'],
      type: ['of an error page', 'text/html; charset=utf-8'],
      body: ['', /^deep\/ cgitb\.py /],
    },
    { read: toListing },
  ),
  differs(FOLDERS, 'GET /cgi-bin/deep', {
    status: ['403', '301'],
    type: ['of an error page', ''],
    location: ['', '/cgi-bin/deep/'],
    body: ['an error page', ''],
  }),

  differs(PATHS, 'GET /folder/../cgi-bin/hello.sh', REFUSED('404')),
  differs(PATHS, 'GET /cgi-bin/../notes.txt', REFUSED('400', 'some notes')),
  differs(ESCAPES, 'GET /cgi-bin/hello.sh%3Fx', REFUSED('404')),
  ...SEEN_CASES.map((each) => ({ ...each, read: toSeen })),
]
