import fc from 'fast-check'
import { byteString, mutated } from './text.js'

const NAMES = [
  'Content-Type',
  'Content-Length',
  'Content-Disposition',
  'Content-Encoding',
  'Status',
  'status',
  'STATUS',
  'Location',
  'location',
  'Set-Cookie',
  'set-cookie',
  'Date',
  'Server',
  'ETag',
  'Host',
  'Cookie',
  'Expect',
  'Link',
  'X-Sendfile',
  'X-Accel-Redirect',
  'X-A',
  'x-a',
  // What objects have without being given it.
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  // Hop-by-hop: RFC 9110 section 7.6.1.
  'Connection',
  'Keep-Alive',
  'Proxy-Connection',
  'TE',
  'Trailer',
  'Transfer-Encoding',
  'transfer-encoding',
  'Upgrade',
  'HTTP2-Settings',
  'HTTP',
  '1',
  '-',
  "!#$%&'*+-.^_`|~",
]

const VALUES = [
  '',
  'text/plain',
  'text/html; charset=utf-8',
  'a=1; Path=/',
  '</a.css>; rel=preload',
  '/etc/passwd',
  'close',
  'keep-alive',
  'chunked',
  'X-A, Content-Type, set-cookie',
  'upgrade, \x80x-a',
  'attachment; filename="caf\xe9"',
  'attachment; filename="caf\xc3\xa9"',
  '0',
  '2',
  '2, 2',
  '+2',
  '0x2',
  '007',
  '999999999999999',
  '9999999999999999999',
  '1e3',
  '200',
  '200 OK',
  '404 Not Found',
  '404\tNot  Found',
  '200 \xe9\x80',
  '204',
  '304 Not Modified',
  '100 Continue',
  '101',
  '199',
  '599 ',
  '600',
  '20',
  '2000',
  '200OK',
  '/',
  '/cgi-bin/a.cgi?b=c',
  '//other/',
  '/a b',
  '/a#b',
  '/\xe9',
  '/%00%0d%0a',
  '/\\',
  '/"<>',
  'http://example.org/',
  'a',
  '?a',
]

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...NAMES) },
  { weight: 1, arbitrary: fc.string({ minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: byteString(4) },
)
const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 2, arbitrary: byteString(12) },
  { weight: 1, arbitrary: fc.nat({ max: 300 }).map((length) => 'v'.repeat(length)) },
)
const separator = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(': ', ':') },
  { weight: 1, arbitrary: fc.constantFrom(':  \t', ' : ', '\t:', '', '=') },
)
const trail = fc.oneof(
  { weight: 8, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.constantFrom(' ', '\t ', '\xa0', '\0') },
)
const fieldLine = fc.tuple(name, separator, value, trail).map((parts) => parts.join(''))
const foldedLine = fc
  .tuple(fc.constantFrom(' ', '\t', ' \t  '), value)
  .map(([blank, text]) => blank + text)
const statusLine = fc
  .tuple(
    fc.constantFrom('HTTP/1.1', 'HTTP/1.0', 'HTTP/2', 'http/1.1', 'HTTP/', 'HTTP/1.1.1'),
    fc.constantFrom(' ', '  ', '\t', ''),
    value,
  )
  .map((parts) => parts.join(''))
const lineEnd = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom('\n', '\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('\r', '\r\r\n', '', '\n\r') },
)
const line = fc
  .tuple(
    fc.oneof(
      { weight: 10, arbitrary: fieldLine },
      { weight: 1, arbitrary: foldedLine },
      { weight: 1, arbitrary: byteString(20) },
    ),
    lineEnd,
  )
  .map((parts) => parts.join(''))
const firstLine = fc.oneof(
  { weight: 4, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: fc.tuple(statusLine, lineEnd).map((parts) => parts.join('')) },
)
const end = fc.oneof(
  { weight: 10, arbitrary: fc.constantFrom('\n', '\r\n') },
  { weight: 1, arbitrary: fc.constantFrom('', '\r', ' \n') },
)
const content = fc.oneof(
  { weight: 1, arbitrary: fc.constant('') },
  { weight: 1, arbitrary: byteString(20) },
)

/** The output of a script, as a byte string: a header and content, nearly valid. */
export const scriptOutput = mutated(
  fc
    .tuple(firstLine, fc.array(line, { maxLength: 6 }), end, content)
    .map(([first, lines, last, rest]) => first + lines.join('') + last + rest),
)

const goodLine = fc
  .tuple(fc.constantFrom(...NAMES), fc.constantFrom(...VALUES))
  .map(([field, text]) => `${field}: ${text}\n`)

/** A header that can be read, for what comes after reading it. */
export const readableOutput = fc
  .tuple(firstLine, fc.array(goodLine, { minLength: 1, maxLength: 5 }), content)
  .map(([first, lines, rest]) => `${first}${lines.join('')}\n${rest}`)
