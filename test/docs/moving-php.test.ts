import t from 'tap'
import { needs } from '../apps/programs.js'
import { fields } from '../support/client.js'
import type { Start } from './moving-server.js'
import { type Move, movingSuite } from './moving-suite.js'
import { Page } from './page.js'
import { PHP_DIFFERENCES, PHP_QUESTIONS } from './php-differences.js'
import { startCaddy, startNginxForPhp, startNodeForPhp, startPhpFpm } from './php-server.js'
import { createPhpSite } from './php-site.js'

const FORM = fields('Content-Type: application/x-www-form-urlencoded')
const UPLOAD = fields('Content-Type: multipart/form-data; boundary=x')

/** A form with a file of so many bytes. */
const upload = (size: number): string =>
  `--x\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n${'y'.repeat(size)}\r\n--x--\r\n`

/** The same to the last byte. */
const SAME: readonly Move[] = [
  { path: '/' },
  { path: '/about/us?x=1' },
  { path: '/docs/' },
  { path: '/docs/absent' },
  { path: '/style.css' },
  { path: '/style.css', what: 'a part', sending: { headers: fields('Range: bytes=2-5') } },
  { path: '/uploads/note.txt' },
  {
    path: '/report.php?x=1&y=%20',
    sending: { headers: fields('Cookie: c=1', 'Accept: text/plain') },
  },
  { path: '/report.php/a/b%20c?x' },
  { path: '/report.php', sending: { method: 'HEAD' } },
  {
    path: '/report.php',
    what: 'a form',
    sending: { method: 'POST', headers: FORM, body: 'town=Ribe&empty=' },
  },
  {
    path: '/report.php',
    sending: { method: 'PUT', headers: fields('Content-Type: a/b'), body: 'hello' },
  },
  {
    path: '/report.php',
    what: 'a file',
    sending: { method: 'POST', headers: UPLOAD, body: upload(3_000_000) },
  },
]

const SAME_STATUS: readonly Move[] = [
  { path: '/forbidden.php' },
  { path: '/redirect.php' },
  { path: '/slow.php' },
  { path: '/uploads/evil.php/x.php' },
]

/** More than the limit; Caddy waits for the body before it answers. */
const TOO_LARGE: Move = {
  path: '/report.php',
  sending: { method: 'POST', headers: fields('Content-Length: 40000000') },
}

interface PhpGuide {
  readonly start: Start
  readonly options: { skip: string | false }
  readonly also: readonly Move[]
  readonly alsoStatus: readonly Move[]
}

const guides: Record<string, PhpGuide> = {
  'from-nginx-php-fpm.md': {
    start: startNginxForPhp,
    options: needs('nginx', 'php-fpm'),
    also: [{ path: '/accel.php' }],
    alsoStatus: [TOO_LARGE],
  },
  'from-caddy.md': {
    start: startCaddy,
    options: needs('Caddy', 'php-fpm'),
    also: [{ path: '/evil.jpg/x.php' }, { path: '/absent.php' }, { path: '/header.php' }],
    alsoStatus: [],
  },
}

for (const [name, { start, options, also, alsoStatus }] of Object.entries(guides)) {
  void t.test(`the guide ${name}`, { ...options, jobs: 4 }, async (t) => {
    movingSuite(t, new Page(name), {
      async start(t, page) {
        const site = await createPhpSite()
        t.after(() => site.remove())
        const php = await startPhpFpm(page.file('pool.conf'), site)
        t.after(() => php.close())
        const there = await start(page, site)
        t.after(() => there.close())
        const here = await startNodeForPhp(page, site)
        t.after(() => here.close())
        return { site, there, here }
      },
      same: [...SAME, ...also],
      sameStatus: [...SAME_STATUS, ...alsoStatus],
      toComparable: ({ text }) => stable(text),
      differences: PHP_DIFFERENCES[name] ?? {},
      questions: PHP_QUESTIONS,
    })
  })
}

/** What PHP prints of a request, without what differs by the server's port and by an absent body. */
function stable(text: string): string {
  return text.replace(/^HTTP_HOST=.*$/m, 'HTTP_HOST=').replace(/^(CONTENT_LENGTH)=0?$/m, '$1=')
}
