import { strict as assert } from 'node:assert'
import { once } from 'node:events'
import { leave, open, receive, send } from '../support/client.js'
import { saying } from '../support/fixtures.js'
import { type Attack, assertRefused } from './attack.js'

/** What scripts print, and the status that must come of it. */
const OUTPUTS: readonly (readonly [name: string, source: string, url: string, status: number])[] = [
  [
    'a CR that begins another field',
    'CWE-113; RFC 9112 section 2.2',
    saying('Content-Type: text/plain\nX: a\rSet-Cookie: stolen=1\n\n'),
    502,
  ],
  ['a CR that begins a body', 'CWE-113', saying('X: a\r\r<script>\n\nbody'), 502],
  ['a NUL in a value', 'RFC 9110 section 5.5', saying('X: a\0b\n\n'), 502],
  ['a CR in a status', 'CWE-113', saying('Status: 200 OK\rX: y\n\n'), 502],
  ['a CR in a location', 'CVE-2024-24795', saying('Location: http://a/\rX: y\n\n'), 502],
  ['a field of 100 MB', 'HDR-1', '/cgi-bin/huge-field.cgi', 502],
  ['fields without end', 'HDR-1', '/cgi-bin/endless-header.cgi', 502],
  ['redirects without end', 'RES-2', '/cgi-bin/loop.cgi', 502],
  ['a header byte by byte', 'HDR-1', saying('Content-Type: text/plain\n\nslow', true), 200],
  [
    'two lengths',
    'RFC 9110 section 8.6',
    saying('Content-Length: 1\nContent-Length: 2\n\nab'),
    502,
  ],
  ['children that stay', 'LIFE-2', '/cgi-bin/leave-children.cgi', 200],
  ['errors after the output', 'LOG-1', '/cgi-bin/flood-errors-unheard.cgi', 200],
  ['errors before the output', 'LOG-1', '/cgi-bin/flood-errors.cgi', 200],
  ['no output', 'RES-1', saying(''), 502],
  ['a crash', 'RES-6', '/cgi-bin/kill-itself-early.cgi', 502],
]

const outputs = OUTPUTS.map(
  ([name, source, url, status]): Attack => ({
    name,
    source,
    async run({ host }) {
      const answer = await send(host, url)
      assert.equal(answer.status, status)
      assert.deepEqual(answer.all('set-cookie'), [])
    },
  }),
)

/** Clients of either protocol that leave a script with something still to do. */
export const scriptAttacks: readonly Attack[] = [
  ...outputs,
  {
    name: 'three generations of children, and gone',
    source: 'LIFE-1',
    async run({ host }) {
      const response = await open(host, '/cgi-bin/fork.cgi')
      await once(response, 'data')
      leave(response)
    },
  },
  {
    name: 'an answer that never ends, and gone',
    source: 'LIFE-1',
    async run({ host }) {
      const response = await open(host, '/cgi-bin/endless.cgi')
      await once(response, 'data')
      leave(response)
    },
  },
  {
    name: 'a file named by a script, and gone',
    source: 'RES-7',
    async run({ host, site }) {
      const response = await open(host, saying(`X-Sendfile: ${site.file}\n\n`))
      assert.equal(response.headers['content-length'], String(64 * 1024 * 1024))
      await once(response, 'data')
      leave(response)
    },
  },
  {
    name: 'files named by a script that may not be sent',
    source: 'CWE-22; CWE-59; RES-7',
    async run({ host, site }) {
      const outside = `${site.outside}/script.cgi`
      for (const named of [outside, `${site.file}/../../outside.cgi`, `${site.file}/../pipe`]) {
        for (const field of ['X-Sendfile', 'X-Accel-Redirect']) {
          const type = 'Content-Type: text/plain'
          const answer = await send(host, saying(`${type}\n${field}: ${named}\n\nnothing`))
          assert.equal(answer.text, 'nothing')
          assert.deepEqual(answer.all(field), [])
        }
      }
    },
  },
  {
    name: 'ten thousand ranges of a file',
    source: 'CVE-2011-3192; RFC 9110 section 14.2',
    async run({ host, site }) {
      const ranges = Array.from({ length: 1_500 }, (_, index) => `${index}-`).join(',')
      const headers = ['Range', `bytes=${ranges}`]
      const response = await open(host, saying(`X-Sendfile: ${site.file}\n\n`), { headers })
      const length = Number(response.headers['content-length'])
      assert.ok(length <= 64 * 1024 * 1024, `${length} bytes`)
      leave(response)
    },
  },
  {
    name: 'ranges that are none',
    source: 'RFC 9110 section 14.1',
    async run({ host, site }) {
      const ranges = ['-0', '9999999999999999999999-', '5-1', '67108864-', '--1', 'a-b', '']
      for (const range of ranges) {
        const headers = ['Range', `bytes=${range}`]
        const sending = { method: 'HEAD', headers }
        const answer = await send(host, saying(`X-Sendfile: ${site.file}\n\n`), sending)
        assert.equal(answer.status, 200)
        const response = await open(host, saying(`X-Sendfile: ${site.file}\n\n`), { headers })
        assert.ok([200, 416].includes(response.statusCode ?? 0))
        if (response.statusCode === 416) await receive(response)
        else leave(response)
      }
    },
  },
]

/** What shows only in the bytes of HTTP/1.1. */
export const rawScriptAttacks: readonly Attack[] = [
  {
    name: 'cookies of almost 64 KB',
    source: 'HDR-1, HDR-3',
    async run(attacker) {
      for (const [size, status] of [
        [50_000, 200],
        [65_536, 502],
      ] as const) {
        const socket = await attacker.dial()
        const received = attacker.readToEnd(socket)
        const head = `GET /cgi-bin/cookies.cgi?${size} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
        await attacker.say(socket, head)
        assertRefused(await received, [status])
      }
    },
  },
  {
    name: 'a body that is too large',
    source: 'BODY-4',
    async run({ host }) {
      const headers = ['Content-Length', String(65 * 1024 * 1024)]
      const response = await open(host, '/cgi-bin/digest.cgi', { method: 'POST', headers })
      assert.equal(response.statusCode, 413)
      leave(response)
    },
  },
]
