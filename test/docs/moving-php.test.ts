import assert from 'node:assert/strict'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import type { RunningProgram } from '../servers/program.js'
import { fields, open, receive, send, type Sending } from '../support/client.js'
import type { MovingServer, Start } from './moving-server.js'
import type { MovingSite } from './moving-site.js'
import { Page } from './page.js'
import { PHP_DIFFERENCES, PHP_QUESTIONS } from './php-differences.js'
import { startCaddy, startNginxForPhp, startNodeForPhp, startPhpFpm } from './php-server.js'
import { createPhpSite } from './php-site.js'

const FORM = fields('Content-Type: application/x-www-form-urlencoded')
const UPLOAD = fields('Content-Type: multipart/form-data; boundary=x')

/** A form with a file of so many bytes. */
const upload = (size: number): string =>
  `--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n${'y'.repeat(size)}\r\n--x--\r\n`

/** What has to be the same before and after, to the last byte. */
const SAME: readonly (readonly [path: string, sending?: Sending])[] = [
  ['/'],
  ['/about/us?x=1'],
  ['/docs/'],
  ['/docs/absent'],
  ['/style.css'],
  ['/style.css', { headers: fields('Range: bytes=2-5') }],
  ['/uploads/note.txt'],
  ['/report.php?x=1&y=%20', { headers: fields('Cookie: c=1', 'Accept: text/plain') }],
  ['/report.php/a/b%20c?x'],
  ['/report.php', { method: 'HEAD' }],
  ['/report.php', { method: 'POST', headers: FORM, body: 'town=Ribe&empty=' }],
  ['/report.php', { method: 'PUT', headers: fields('Content-Type: a/b'), body: 'hello' }],
  ['/report.php', { method: 'POST', headers: UPLOAD, body: upload(3_000_000) }],
]

/** Where only the status is the application's, or of what protects it. */
const SAME_STATUS: typeof SAME = [
  ['/forbidden.php'],
  ['/redirect.php'],
  ['/slow.php'],
  ['/uploads/evil.php/x.php'],
]

/** More than the limit; Caddy waits for the body before it answers. */
const TOO_LARGE: Sending = { method: 'POST', headers: fields('Content-Length: 40000000') }

interface Guide {
  readonly start: Start
  readonly options: { skip: string | false }
  readonly also: typeof SAME
  readonly alsoStatus: typeof SAME
}

const guides: Record<string, Guide> = {
  'from-nginx-php-fpm.md': {
    start: startNginxForPhp,
    options: needs('nginx', 'php-fpm'),
    also: [['/accel.php']],
    alsoStatus: [['/report.php', TOO_LARGE]],
  },
  'from-caddy.md': {
    start: startCaddy,
    options: needs('Caddy', 'php-fpm'),
    also: [['/evil.jpg/x.php'], ['/absent.php'], ['/header.php']],
    alsoStatus: [],
  },
}

for (const [name, { start, options, also, alsoStatus }] of Object.entries(guides)) {
  void t.test(`the guide ${name}`, { ...options, jobs: 4 }, async (t) => {
    const page = new Page(name)
    let site: MovingSite
    let php: RunningProgram
    let there: MovingServer
    let here: MovingServer
    t.before(async () => {
      site = await createPhpSite()
      php = await startPhpFpm(page.file('pool.conf'), site)
      there = await start(page, site)
      here = await startNodeForPhp(page, site)
    })
    t.after(async () => {
      for (const server of [there, here, php]) await server?.close()
      await site?.remove()
    })

    for (const [path, sending] of [...SAME, ...also]) {
      const method = sending?.method ?? 'GET'
      const length = typeof sending?.body === 'string' ? `, ${sending.body.length} bytes` : ''
      void t.test(`moves ${method} ${path}${length}`, { buffered: true, ...NO_HANG }, async () => {
        const old = await send(there.port, path, sending)
        const ours = await send(here.port, path, sending)
        assert.ok(old.status === 200 || old.status === 206, `${old.status}`)
        assert.equal(ours.status, old.status)
        assert.equal(stable(ours.text), stable(old.text))
        assert.deepEqual(ours.all('set-cookie'), old.all('set-cookie'))
        assert.deepEqual(ours.all('content-range'), old.all('content-range'))
      })
    }

    for (const [path, sending] of [...SAME_STATUS, ...alsoStatus]) {
      const title = `moves the status of ${sending?.method ?? 'GET'} ${path}`
      void t.test(title, { buffered: true, ...NO_HANG }, async () => {
        const [old, ours] = await Promise.all(
          [there, here].map(async ({ port }) => receive(await open(port, path, sending))),
        )
        assert.equal(ours?.status, old?.status)
        assert.notEqual(ours?.status, 200)
        assert.deepEqual(ours?.all('location'), old?.all('location'))
      })
    }

    const differences = PHP_DIFFERENCES[name] ?? {}
    void t.test('lists the differences that are tried, and no other', async () => {
      const rows = page.table('What differs').map(([what = '']) => what)
      assert.deepEqual(new Set(rows), new Set(Object.keys(differences)))
    })

    for (const [what, expected] of Object.entries(differences)) {
      void t.test(`differs: ${what}`, { buffered: true, ...NO_HANG }, async () => {
        const question = PHP_QUESTIONS[what]
        assert.ok(question)
        const [old, ours] = await Promise.all([
          question(there.port, site),
          question(here.port, site),
        ])
        assert.match(old, expected[0])
        assert.match(ours, expected[1])
      })
    }
  })
}

/** What PHP prints of a request, without what differs by the server's port and by an absent body. */
function stable(text: string): string {
  return text.replace(/^HTTP_HOST=.*$/m, 'HTTP_HOST=').replace(/^(CONTENT_LENGTH)=0?$/m, '$1=')
}
