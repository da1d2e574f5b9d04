import { strict as assert } from 'node:assert'
import { type Attack, assertRefused, assertRefusedOrReset, statusesIn } from './attack.js'

/** A request that must never be taken for one: it is in the body of another. */
export const HIDDEN = 'GET /plain?smuggled HTTP/1.1\r\nHost: a\r\n\r\n'
const IGNORING = '/cgi-bin/ignore-input.cgi'

/** Each sent before {@link HIDDEN}; refused, or the connection closed without a word. */
export const SMUGGLING: readonly (readonly [
  name: string,
  source: string,
  fields: string,
  body: string,
])[] = [
  [
    'Content-Length with Transfer-Encoding',
    'RFC 9112 section 6.1',
    `Content-Length: ${HIDDEN.length + 5}\r\nTransfer-Encoding: chunked`,
    '0\r\n\r\n',
  ],
  [
    'Transfer-Encoding with Content-Length',
    'RFC 9112 section 6.1',
    'Transfer-Encoding: chunked\r\nContent-Length: 4',
    '0\r\n\r\n',
  ],
  [
    'two Content-Lengths',
    'RFC 9112 section 6.3',
    `Content-Length: 0\r\nContent-Length: ${HIDDEN.length}`,
    '',
  ],
  ['a list of Content-Lengths', 'RFC 9112 section 6.3', `Content-Length: 0, ${HIDDEN.length}`, ''],
  ['a Content-Length with a sign', 'RFC 9110 section 8.6', 'Content-Length: +0', ''],
  ['a negative Content-Length', 'RFC 9110 section 8.6', 'Content-Length: -1', ''],
  ['a hexadecimal Content-Length', 'RFC 9110 section 8.6', 'Content-Length: 0x0', ''],
  [
    'a Content-Length past 64 bits',
    'RFC 9110 section 8.6',
    'Content-Length: 18446744073709551616',
    '',
  ],
  ['a blank before the colon', 'CVE-2019-15605', 'Transfer-Encoding : chunked', '0\r\n\r\n'],
  ['a coding after chunked', 'RFC 9112 section 6.1', 'Transfer-Encoding: chunked, x', '0\r\n\r\n'],
  ['a coding that is none', 'RFC 9112 section 6.1', 'Transfer-Encoding: xchunked', '0\r\n\r\n'],
  [
    'chunked on a folded line',
    'CVE-2022-32215',
    'Transfer-Encoding:\r\n chunked\r\nContent-Length: 0',
    '0\r\n\r\n',
  ],
  [
    'two Transfer-Encodings',
    'CVE-2020-8287',
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    '0\r\n\r\n',
  ],
  [
    'a line that ends in CR alone',
    'CVE-2023-30589',
    'X: y\rTransfer-Encoding: chunked',
    '0\r\n\r\n',
  ],
  [
    'a chunk size with a letter',
    'RFC 9112 section 7.1',
    'Transfer-Encoding: chunked',
    '0g\r\n\r\n',
  ],
  [
    'a chunk size with a prefix',
    'RFC 9112 section 7.1',
    'Transfer-Encoding: chunked',
    '0x0\r\n\r\n',
  ],
  ['a negative chunk size', 'RFC 9112 section 7.1', 'Transfer-Encoding: chunked', '-1\r\n\r\n'],
  [
    'a chunk size past 64 bits',
    'RFC 9112 section 7.1',
    'Transfer-Encoding: chunked',
    '10000000000000000\r\n\r\n',
  ],
  ['a chunk size that ends in LF', 'CVE-2022-32213', 'Transfer-Encoding: chunked', '0\n\n'],
  [
    'a chunk longer than its size',
    'RFC 9112 section 7.1',
    'Transfer-Encoding: chunked',
    '1\r\nab\r\n0\r\n\r\n',
  ],
]

const REFUSED = [400, 408, 411, 413, 414, 431, 501]

const smuggling = SMUGGLING.map(
  ([name, source, fields, body]): Attack => ({
    name,
    source,
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      await attacker.say(
        socket,
        `POST ${IGNORING} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n${body}${HIDDEN}`,
      )
      const text = await received
      assert.ok(!text.includes('smuggled'), `what was hidden has been answered: ${text}`)
      assertRefusedOrReset(text, REFUSED)
    },
  }),
)

/** Paths that lead where none may: out of the root, to a source, round a rule for names. */
export const PATHS: readonly (readonly [path: string, source: string])[] = [
  ['/cgi-bin/../outside.cgi', 'RFC 3986 section 5.2.4'],
  ['/cgi-bin/%2e%2e/outside.cgi', 'CVE-2021-41773'],
  ['/cgi-bin/.%2e/outside.cgi', 'CVE-2021-41773'],
  ['/cgi-bin/%%32%65%%32%65/outside.cgi', 'CVE-2021-42013'],
  ['/cgi-bin/%252e%252e/outside.cgi', 'CVE-2021-42013'],
  ['/cgi-bin/%252e%252e%252foutside.cgi', 'CVE-2021-42013'],
  ['/cgi-bin/..%2foutside.cgi', 'CVE-2021-41773'],
  ['/cgi-bin/folder/%2e%2e%2f%2e%2e%2foutside.cgi', 'CVE-2021-41773'],
  ['/cgi-bin/..%5coutside.cgi', 'CVE-2000-0884'],
  ['/cgi-bin/..\\outside.cgi', 'CVE-2000-0884'],
  ['/cgi-bin/%c0%ae%c0%ae/outside.cgi', 'CVE-2000-0884; RFC 3629 section 3'],
  ['/cgi-bin/..%c0%afoutside.cgi', 'CVE-2000-0884; RFC 3629 section 3'],
  ['/cgi-bin/%e0%80%ae%e0%80%ae/outside.cgi', 'RFC 3629 section 3'],
  ['/cgi-bin/%f0%80%80%ae./outside.cgi', 'RFC 3629 section 3'],
  ['/cgi-bin/%u002e%u002e/outside.cgi', 'RFC 3986 section 2.1'],
  ['/cgi-bin/..;/outside.cgi', 'CVE-2020-1938'],
  ['/cgi-bin/%ef%bc%8e%ef%bc%8e/outside.cgi', 'Unicode TR 36 section 3'],
  ['/cgi-bin/say.cgi%00.txt', 'CWE-158'],
  ['/cgi-bin/%00', 'CWE-158'],
  ['/cgi-bin/report.cgi%20', 'CVE-2025-46701'],
  ['/cgi-bin/report.cgi.', 'CVE-2025-46701'],
  ['/cgi-bin/report.cgi%2e', 'CVE-2025-46701'],
  ['/cgi-bin/REPORT.CGI', 'CVE-2025-46701'],
  ['/cgi-bin/report.cgi::$DATA', 'CVE-1999-0278'],
  ['/cgi-bin/report.cgi%2f', 'RFC 3875 section 4.1.5'],
  ['/cgi-bin/%2freport.cgi', 'RFC 3875 section 4.1.5'],
  ['/cgi-bin/./report.cgi', 'MAP-3'],
  ['/cgi-bin/link-out.cgi', 'CWE-59'],
  ['/cgi-bin/not-executable.txt', 'CVE-2007-6750; MAP-4'],
  [`/cgi-bin/${'x'.repeat(255)}`, 'MAP-2'],
  [`/cgi-bin/${'%2e%2e/'.repeat(2_000)}`, 'MAP-3'],
  [`/cgi-bin/${'folder/'.repeat(2_000)}`, 'MAP-2'],
  [`/cgi-bin/${'x'.repeat(16 * 1024)}`, 'RFC 9110 section 15.5.15'],
]

const paths = PATHS.map(
  ([path, source]): Attack => ({
    name: path.length > 80 ? `${path.slice(0, 40)}… of ${path.length} bytes` : path,
    source,
    async run(attacker) {
      for (const prefix of ['', 'http://a.example']) {
        const socket = await attacker.dial()
        const received = attacker.readToEnd(socket)
        const head = `GET ${prefix}${path} HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n`
        await attacker.say(socket, head)
        assertRefused(await received, [400, 403, 404, 414, 431])
      }
    },
  }),
)

/** More of something than anybody needs. */
const floods: readonly Attack[] = [
  {
    name: 'ten thousand header fields',
    source: 'RFC 6585 section 5',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const names = Array.from({ length: 10_000 }, (_, index) => `X-${index}: y\r\n`)
      await attacker.say(
        socket,
        `GET /cgi-bin/report.cgi HTTP/1.1\r\nHost: a\r\n${names.join('')}\r\n`,
      )
      assertRefusedOrReset(await received, [431])
    },
  },
  {
    name: 'as many header fields as fit',
    source: 'RFC 3875 section 4.1.18',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const names = 'a:b\r\n'.repeat(3_000)
      await attacker.say(
        socket,
        `GET /cgi-bin/report.cgi HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${names}\r\n`,
      )
      assertRefused(await received, [200, 400, 431])
    },
  },
  {
    name: 'a URL of almost 16 KB',
    source: 'RFC 9110 section 4.1',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const query = 'q'.repeat(15 * 1024)
      await attacker.say(
        socket,
        `GET /cgi-bin/report.cgi?${query} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
      )
      const text = await received
      assert.ok(text.includes(`QUERY_STRING=${query}`), text.slice(0, 1_000))
    },
  },
  {
    name: 'a chunk extension of 1 MB',
    source: 'CVE-2024-22019',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      await attacker.say(
        socket,
        `${chunked(IGNORING)}1;x=${'y'.repeat(1024 * 1024)}\r\na\r\n0\r\n\r\n`,
      )
      assertRefusedOrReset(await received, [400, 413])
    },
  },
  {
    name: 'small extensions of ten thousand chunks',
    source: 'CVE-2024-22019; CVE-2023-39326',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      await attacker.say(
        socket,
        `${chunked('/cgi-bin/digest.cgi', 'Connection: close\r\n')}${`1;${'y'.repeat(100)}\r\na\r\n`.repeat(10_000)}0\r\n\r\n`,
      )
      assertRefused(await received, [200, 400, 413])
    },
  },
  {
    name: 'ten thousand trailer fields',
    source: 'RFC 9112 section 7.1.2',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const trailers = Array.from({ length: 10_000 }, (_, index) => `X-${index}: y\r\n`).join('')
      await attacker.say(
        socket,
        `${chunked('/cgi-bin/report.cgi', 'Connection: close\r\n')}1\r\na\r\n0\r\n${trailers}\r\n`,
      )
      const text = await received
      assert.ok(!text.includes('HTTP_X_'), 'a trailer has become a variable')
      assertRefusedOrReset(text, [400, 431])
    },
  },
  {
    name: 'five hundred requests at once on a connection',
    source: 'RFC 9112 section 9.3.2',
    async run(attacker) {
      const socket = await attacker.dial()
      const received = attacker.readToEnd(socket)
      const some = 'GET /plain HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(9)
      const each = `${some}GET ${IGNORING} HTTP/1.1\r\nHost: a\r\n\r\n`
      const last = 'GET /plain HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
      await attacker.say(socket, each.repeat(50) + last)
      assert.deepEqual(statusesIn(await received), Array(501).fill(200))
    },
  },
  {
    name: 'five hundred scripts at once on a connection, and gone',
    source: 'LIM-2',
    async run(attacker) {
      const socket = await attacker.dial()
      await attacker.say(socket, 'GET /cgi-bin/hang.cgi HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(500))
      await attacker.untilBusy('running', 1)
      socket.resetAndDestroy()
    },
  },
]

/** The header of a POST with a chunked body. */
function chunked(path: string, fields = ''): string {
  return `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}Transfer-Encoding: chunked\r\n\r\n`
}

/** What a client of HTTP/1.1 sends to make the host take one thing for another. */
export const requestAttacks: readonly Attack[] = [...smuggling, ...paths, ...floods]
