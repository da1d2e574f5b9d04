import { type Answers, has, lacks, type Question, status, to } from './differences.js'
import { askForFirstPart } from './moving-request.js'

/** What the rows of the guides to php-fpm are about, by their first cell. */
export const PHP_QUESTIONS: Readonly<Record<string, Question>> = {
  'Files whose names begin with a dot': to('GET /.settings.ini'),
  'Copies of pages (`config.php.bak`)': to('GET /config.php.bak'),
  'PHP code in a picture (`evil.jpg`)': to('GET /evil.jpg'),
  'A PHP file in `uploads`': to('GET /uploads/evil.php'),
  'A path through a file (`/evil.jpg/x.php`)': to('GET /evil.jpg/x.php'),
  'Links that leave the folder': to('GET /link.php'),
  'A missing page (`/absent.php`)': to('GET /absent.php'),
  'A missing PHP file in `uploads`': to('GET /uploads/absent.jpg'),
  'A folder without its last slash': to('GET /docs'),
  '`%2F` in the path': to('GET /a%2Fb'),
  'Dot segments': to('GET /x/../hello.php'),
  'Repeated slashes in `PATH_INFO`': to('GET /show.php//a///b'),
  'A large response header': to('GET /header.php'),
  'A script that prints its answer in parts': (port) =>
    askForFirstPart(port, '/events.php', 'first'),
  'An upload without a length (chunked)': to(
    'POST /show.php',
    'Transfer-Encoding: chunked',
    '',
    '5\r\nhello\r\n0\r\n\r\n',
  ),
  'OPTIONS for a static file': to('OPTIONS /style.css'),
  TRACE: to('TRACE /show.php'),
  '`X-Sendfile`': to('GET /sendfile.php'),
  'The words after the status: `403 Not Today`': to('GET /forbidden.php'),
  'The header field `Status`': to('GET /redirect.php'),
  '`Authorization`': to('GET /show.php', 'Authorization: Basic YWRhOng='),
  '`REMOTE_USER` without `auth_basic`': to('GET /show.php', 'Authorization: Basic YWRhOng='),
  'Request headers with `_` in their names': to('GET /show.php', 'X_Under: 1'),
  'A request header that is sent twice': to('GET /show.php', 'X-Two: 1', 'X-Two: 2'),
  'Two `Cookie` headers': to('GET /show.php', 'Cookie: a=1', 'Cookie: b=2'),
  '`PATH_INFO` if the URL ends with the page': to('GET /show.php'),
  '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': to('GET /show.php'),
  '`SERVER_NAME`': to('GET /show.php'),
  '`SERVER_PORT`': to('GET /show.php'),
  '`REMOTE_HOST`': to('GET /show.php'),
  '`DOCUMENT_URI`': to('GET /show.php'),
  '`HTTP_X_FORWARDED_FOR` and similar variables': to('GET /show.php'),
  '`HTTP_CONNECTION` and other hop-by-hop fields': to('GET /show.php'),
}

const HELLO = /^HTTP\/1.1 200 [^]*Hello/
const SOURCE = /^HTTP\/1.1 200 [^]*<\?php/
const FRONT_PAGE = /^HTTP\/1.1 200 [^]*\npage \/.* by \/index.php/

const COMMON = {
  'Files whose names begin with a dot': [/^HTTP\/1.1 200 [^]*secret/, status(404)],
  'Copies of pages (`config.php.bak`)': [SOURCE, status(404)],
  'PHP code in a picture (`evil.jpg`)': [SOURCE, status(404)],
  'A PHP file in `uploads`': [SOURCE, status(404)],
  'Links that leave the folder': [HELLO, status(404)],
  'A missing PHP file in `uploads`': [status(404), FRONT_PAGE],
  '`%2F` in the path': [FRONT_PAGE, status(400)],
  'Dot segments': [HELLO, status(400)],
  'Repeated slashes in `PATH_INFO`': [has('PATH_INFO', '/a/b'), has('PATH_INFO', '//a///b')],
  'A script that prints its answer in parts': [/first[^]*second/, /first(?![^]*second)/],
  '`Authorization`': [has('PHP_AUTH_USER', 'ada'), lacks('PHP_AUTH_USER', 'HTTP_AUTHORIZATION')],
  '`PATH_INFO` if the URL ends with the page': [has('PATH_INFO', ''), lacks('PATH_INFO')],
  '`DOCUMENT_URI`': [has('DOCUMENT_URI'), lacks('DOCUMENT_URI')],
} as const satisfies Record<string, Answers>

/** The answers that the rows of each guide tell of. */
export const PHP_DIFFERENCES: Readonly<Record<string, Readonly<Record<string, Answers>>>> = {
  'from-nginx-php-fpm.md': {
    ...COMMON,
    'A path through a file (`/evil.jpg/x.php`)': [status(404), FRONT_PAGE],
    'A missing page (`/absent.php`)': [status(404), FRONT_PAGE],
    'A folder without its last slash': [
      /^HTTP\/1.1 301 [^]*Location: http:\/\/example.org:\d+\/docs\/\r/,
      /^HTTP\/1.1 308 [^]*location: \/docs\/\r/,
    ],
    'A large response header': [status(502), status(200)],
    '`X-Sendfile`': [/X-Sendfile: \/[^]*the page itself/, /^(?![^]*X-Sendfile)[^]*a report/i],
    '`REMOTE_USER` without `auth_basic`': [has('REMOTE_USER', 'ada'), lacks('REMOTE_USER')],
    'A request header that is sent twice': [
      has('HTTP_X_TWO', '(?:2|1, 2)'),
      has('HTTP_X_TWO', '1, 2'),
    ],
    'Two `Cookie` headers': [
      has('HTTP_COOKIE', '(?:b=2|a=1; b=2)'),
      has('HTTP_COOKIE', 'a=1; b=2'),
    ],
    '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': [
      /(?=[^]*\nCONTENT_TYPE=\n)(?=[^]*\nCONTENT_LENGTH=\n)/,
      lacks('CONTENT_TYPE', 'CONTENT_LENGTH'),
    ],
    '`SERVER_NAME`': [has('SERVER_NAME', ''), has('SERVER_NAME', 'example.org')],
    '`REMOTE_HOST`': [lacks('REMOTE_HOST'), has('REMOTE_HOST', '127.0.0.1')],
    '`HTTP_CONNECTION` and other hop-by-hop fields': [
      has('HTTP_CONNECTION'),
      lacks('HTTP_CONNECTION'),
    ],
  },
  'from-caddy.md': {
    ...COMMON,
    'An upload without a length (chunked)': [status(504), has('BODY', 'hello')],
    'OPTIONS for a static file': [status(200), status(405)],
    TRACE: [status(200), status(405)],
    'The words after the status: `403 Not Today`': [
      /^HTTP\/1.1 403 Forbidden/,
      /^HTTP\/1.1 403 Not Today/,
    ],
    'The header field `Status`': [/\nStatus: 302 Found/, /^HTTP\/1.1 302 (?![^]*\nStatus:)/i],
    'Request headers with `_` in their names': [has('HTTP_X_UNDER', '1'), lacks('HTTP_X_UNDER')],
    'Two `Cookie` headers': [has('HTTP_COOKIE', 'a=1, b=2'), has('HTTP_COOKIE', 'a=1; b=2')],
    '`CONTENT_TYPE` and `CONTENT_LENGTH` without a body': [
      /(?=[^]*\nCONTENT_TYPE=\n)(?=[^]*\nCONTENT_LENGTH=0\n)/,
      lacks('CONTENT_TYPE', 'CONTENT_LENGTH'),
    ],
    '`SERVER_PORT`': [has('SERVER_PORT', '99'), has('SERVER_PORT', '\\d{5}')],
    '`HTTP_X_FORWARDED_FOR` and similar variables': [
      has('HTTP_X_FORWARDED_FOR', '127.0.0.1'),
      lacks('HTTP_X_FORWARDED_FOR', 'HTTP_X_FORWARDED_HOST', 'HTTP_X_FORWARDED_PROTO'),
    ],
  },
}
