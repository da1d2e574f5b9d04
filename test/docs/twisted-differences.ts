import { exchange } from '../support/client.js'
import { ask, leave } from './moving-request.js'
import { type Answers, has, lacks, type Question, status, to } from './differences.js'

/** As a browser on the same machine asks: only for that one the pages of errors have the reason. */
const toLocal =
  (path: string): Question =>
  (port) =>
    exchange(
      port,
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
    )

/** What the rows of docs/from-twisted.md are about, by their first cell. */
export const TWISTED_QUESTIONS: Readonly<Record<string, Question>> = {
  'A path after the name of the script': to('GET /show.cgi/a/b'),
  'Two slashes before a script': to('GET /further//show.cgi'),
  '`Location` with a path': to('GET /local.cgi'),
  '`Status` before `Location`': to('GET /moved.cgi'),
  'The words after the status': to('GET /gone.cgi'),
  'Fields without a space after the colon': to('GET /tight.cgi'),
  'Scripts named `nph-…`': to('GET /nph-raw.cgi'),
  'Scripts that fail before their header': to('GET /fails.cgi'),
  'Scripts without execute permission': toLocal('/plain.cgi'),
  'The client disconnects': (port, site) => leave(port, site, '/leave.cgi'),
  'The environment of the server': to('GET /show.cgi'),
  'The request header `Proxy`': to('GET /show.cgi', 'Proxy: http://example.com'),
  '`Authorization`': to('GET /show.cgi', 'Authorization: Basic YWRhOng='),
  'Two `Cookie` headers': to('GET /show.cgi', 'Cookie: a=1', 'Cookie: b=2'),
  'Variables that other servers set': to('GET /show.cgi'),
  '`CONTENT_LENGTH` without a body': to('GET /show.cgi'),
  'A query without `=`': to('GET /show.cgi?a+b'),
  TRACE: to('TRACE /show.cgi'),
  'Scripts with another extension, such as `.pl`': toLocal('/tool.pl'),
  '`.rpy` and `.epy`': async (port) =>
    (await ask(port, ['GET /page.rpy'])) + (await ask(port, ['GET /page.epy'])),
  'Files whose names begin with a dot': to('GET /.secret'),
  'Links that lead out of the folder': to('GET /link.html'),
  'The type of an HTML page': to('GET /index.html'),
  'Files with an unknown extension': to('GET /file.unknown'),
  'The address of a folder without its last slash': to('GET /further'),
  'PUT and POST to a file': async (port) =>
    (await ask(port, ['PUT /index.html', 'Content-Length: 1', '', 'x'])) +
    (await ask(port, ['POST /index.html', 'Content-Length: 1', '', 'x'])),
}

/** The answer has this status and this field. */
const type = (code: number, value: string): RegExp =>
  new RegExp(`^HTTP/1.1 ${code} [^]*\\r\\ncontent-type: ${value}\\r\\n`, 'i')

/** How both answer, by the same cells. */
export const TWISTED_DIFFERENCES: Readonly<Record<string, Answers>> = {
  'A path after the name of the script': [status(500), has('PATH_INFO', '/a/b')],
  'Two slashes before a script': [status(404), has('SCRIPT_NAME', '/further/show.cgi')],
  '`Location` with a path': [status(302), /^HTTP\/1.1 200 [^]*Welcome/],
  '`Status` before `Location`': [status(302), status(303)],
  'The words after the status': [/^HTTP\/1.1 404 Not Found\r/, /^HTTP\/1.1 404 Nothing Here\r/],
  'Fields without a space after the colon': [
    /^HTTP\/1.1 200 (?![^]*content-type)[^]*tight/i,
    type(200, 'text/plain'),
  ],
  'Scripts named `nph-…`': [/^HTTP\/1.1 200 OK[^]*\r\nraw\n/, /^HTTP\/1.0 203 Own\r?\n/],
  'Scripts that fail before their header': [status(500), status(502)],
  'Scripts without execute permission': [
    status(500),
    /^HTTP\/1.1 403 [^]*chmod \+x web\/plain.cgi/,
  ],
  'The client disconnects': [/finished/, /stopped/],
  'The environment of the server': [has('SECRET', 'of the host'), lacks('SECRET')],
  'The request header `Proxy`': [has('PROXY', 'http://example.com'), lacks('PROXY', 'HTTP_PROXY')],
  '`Authorization`': [
    has('HTTP_AUTHORIZATION', 'Basic YWRhOng='),
    lacks('HTTP_AUTHORIZATION', 'AUTHORIZATION'),
  ],
  'Two `Cookie` headers': [has('HTTP_COOKIE', 'b=2'), has('HTTP_COOKIE', 'a=1; b=2')],
  'Variables that other servers set': [
    lacks('DOCUMENT_ROOT', 'REMOTE_PORT', 'REDIRECT_STATUS'),
    /^HTTP\/1.1 200 (?=[^]*\nDOCUMENT_ROOT=)(?=[^]*\nREMOTE_PORT=)(?=[^]*\nREDIRECT_STATUS=200)/,
  ],
  '`CONTENT_LENGTH` without a body': [has('CONTENT_LENGTH', '0'), lacks('CONTENT_LENGTH')],
  'A query without `=`': [has('ARGUMENTS', 'a b'), has('ARGUMENTS', '')],
  TRACE: [has('REQUEST_METHOD', 'TRACE'), status(405)],
  'Scripts with another extension, such as `.pl`': [
    /^HTTP\/1.1 200 [^]*#!\/bin\/sh/,
    /^HTTP\/1.1 404 [^]*--scripts \.pl/,
  ],
  '`.rpy` and `.epy`': [
    /^HTTP\/1.1 200 [^]*by a resource[^]*HTTP\/1.1 200 [^]*by a page/,
    /^HTTP\/1.1 404 (?![^]*request)[^]*HTTP\/1.1 404 /,
  ],
  'Files whose names begin with a dot': [status(200), status(404)],
  'Links that lead out of the folder': [status(200), status(404)],
  'The type of an HTML page': [type(200, 'text/html'), type(200, 'text/html; charset=utf-8')],
  'Files with an unknown extension': [
    type(200, 'text/html'),
    type(200, 'application/octet-stream'),
  ],
  'The address of a folder without its last slash': [status(302), status(301)],
  'PUT and POST to a file': [
    /^HTTP\/1.1 501 [^]*HTTP\/1.1 405 /,
    /^HTTP\/1.1 405 [^]*HTTP\/1.1 405 /,
  ],
}
