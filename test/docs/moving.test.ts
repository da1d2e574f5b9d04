import assert from 'node:assert/strict'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { fields, open, receive, send, type Sending } from '../support/client.js'
import { OPTION_NAMES } from '@internal/core/options/rules.js'
import { DIFFERENCES, QUESTIONS } from './differences.js'
import {
  type MovingServer,
  startApache,
  startLighttpd,
  startNginx,
  startNode,
  type Start,
} from './moving-server.js'
import { MovingSite } from './moving-site.js'
import { codeOf, Page } from './page.js'

/** What has to be the same before and after. */
const SAME: readonly (readonly [path: string, sending?: Sending])[] = [
  ['/'],
  ['/cgi-bin/report.sh/a/b?x=1&y=%20', { headers: fields('Cookie: a=1', 'Accept: text/plain') }],
  ['/cgi-bin/report.sh', { method: 'POST', headers: fields('Content-Type: a/b'), body: 'hello' }],
  ['/cgi-bin/report.sh', { method: 'HEAD' }],
  ['/cgi-bin/hello.sh/further'],
  ['/cgi-bin/cookies.sh'],
]

/** Where only the status is that of a script, or of what protects it. */
const SAME_STATUS: typeof SAME = [
  ['/cgi-bin/forbidden.sh'],
  ['/cgi-bin/redirect.sh'],
  ['/cgi-bin/slow.sh'],
  ['/cgi-bin/hello.sh', { method: 'POST', headers: fields('Content-Length: 2000000') }],
]

const RANGE: Sending = { headers: fields('Range: bytes=2-5') }

/** How each is started, and what else its configuration has that has to be the same. */
const guides: Record<string, Guide> = {
  'from-apache.md': { start: startApache, options: needs('Apache'), also: [] },
  'from-lighttpd.md': {
    start: startLighttpd,
    options: needs('lighttpd'),
    also: [['/cgi-bin/greet.txt'], ['/cgi-bin/sendfile.sh'], ['/cgi-bin/sendfile.sh', RANGE]],
  },
  'from-nginx-fcgiwrap.md': {
    start: startNginx,
    options: needs('nginx', 'fcgiwrap'),
    also: [['/cgi-bin/accel.sh'], ['/cgi-bin/accel.sh', RANGE]],
  },
}

interface Guide {
  readonly start: Start
  readonly options: { skip: string | false }
  readonly also: typeof SAME
}

for (const [name, { start, options, also }] of Object.entries(guides)) {
  void t.test(`the guide ${name}`, { ...options, jobs: 4 }, async (t) => {
    const page = new Page(name)
    let site: MovingSite
    let there: MovingServer
    let here: MovingServer
    t.before(async () => {
      site = await MovingSite.create()
      there = await start(page, site)
      here = await startNode('server.js')(page, site)
    })
    t.after(async () => {
      await there?.close()
      await here?.close()
      await site?.remove()
    })

    for (const [path, sending] of [...SAME, ...also]) {
      void t.test(
        `moves ${sending?.method ?? 'GET'} ${path}${sending === RANGE ? ', a part' : ''}`,
        { buffered: true, ...NO_HANG },
        async () => {
          const [old, ours] = [
            await send(there.port, path, sending),
            await send(here.port, path, sending),
          ]
          assert.equal(old.status, sending === RANGE ? 206 : 200)
          assert.equal(ours.status, old.status)
          assert.equal(ours.text, old.text)
          assert.equal(typeOf(ours.all('content-type')), typeOf(old.all('content-type')))
          assert.deepEqual(ours.all('content-range'), old.all('content-range'))
          assert.deepEqual(ours.all('set-cookie'), old.all('set-cookie'))
        },
      )
    }

    for (const [path, sending] of SAME_STATUS) {
      // lighttpd 1.4.69 can forget the read-timeout of a script while others run, so slow.sh runs alone.
      const buffered = path !== '/cgi-bin/slow.sh'
      void t.test(
        `moves the status of ${sending?.method ?? 'GET'} ${path}`,
        { buffered, ...NO_HANG },
        async () => {
          const [old, ours] = await Promise.all(
            [there, here].map(async ({ port }) => receive(await open(port, path, sending))),
          )
          assert.equal(ours?.status, old?.status)
          assert.notEqual(ours?.status, 200)
          assert.deepEqual(ours?.all('location'), old?.all('location'))
        },
      )
    }

    void t.test(
      'lists the differences that are tried, and no other',
      { buffered: true },
      async () => {
        const rows = page.table('What differs').map(([what = '']) => what)
        assert.deepEqual(new Set(rows), new Set(Object.keys(DIFFERENCES[name] ?? {})))
      },
    )

    for (const [what, expected] of Object.entries(DIFFERENCES[name] ?? {})) {
      void t.test(`differs: ${what}`, { buffered: true, ...NO_HANG }, async () => {
        const question = QUESTIONS[what]
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

/** The type alone: the charset of a file is what its server thinks it is. */
function typeOf([value = '']: readonly string[]): string {
  return value.replace(/;.*/, '')
}

/** The guides that other files try. */
const FURTHER = ['from-npm-packages.md', 'from-nginx-php-fpm.md', 'from-caddy.md']

void t.test('options in guides', async (t) => {
  for (const name of [...Object.keys(guides), ...FURTHER]) {
    const page = new Page(name)
    const headings = [...page.text.matchAll(/^## ((?:Directives|Options).*)$/gm)]
    void t.test(`exist (${name})`, async () => {
      assert.notEqual(headings.length, 0)
      const cells = headings.flatMap(([, heading = '']) =>
        page.table(heading).map(([, cell = '']) => cell),
      )
      const names = cells.flatMap(codeOf).map((code) => /^\w*/.exec(code)?.[0] ?? '')
      assert.deepEqual(
        names.filter((each) => !OPTION_NAMES.includes(each)),
        [],
      )
    })
  }
})
