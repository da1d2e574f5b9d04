import assert from 'node:assert/strict'
import { OPTION_NAMES } from '@internal/core/options/rules.js'
import t from 'tap'
import { needs } from '../apps/programs.js'
import { fields } from '../support/client.js'
import { DIFFERENCES, QUESTIONS } from './differences.js'
import { startApache, startLighttpd, startNginx, startNode, type Start } from './moving-server.js'
import { MovingSite } from './moving-site.js'
import { type Move, movingSuite } from './moving-suite.js'
import { codeOf, Page } from './page.js'

const SAME: readonly Move[] = [
  { path: '/' },
  {
    path: '/cgi-bin/report.sh/a/b?x=1&y=%20',
    sending: { headers: fields('Cookie: a=1', 'Accept: text/plain') },
  },
  {
    path: '/cgi-bin/report.sh',
    sending: { method: 'POST', headers: fields('Content-Type: a/b'), body: 'hello' },
  },
  { path: '/cgi-bin/report.sh', sending: { method: 'HEAD' } },
  { path: '/cgi-bin/hello.sh/further' },
  { path: '/cgi-bin/cookies.sh' },
]

const SAME_STATUS: readonly Move[] = [
  { path: '/cgi-bin/forbidden.sh' },
  { path: '/cgi-bin/redirect.sh' },
  // lighttpd 1.4.69 can forget the read-timeout of a script while others run.
  { path: '/cgi-bin/slow.sh', isAlone: true },
  {
    path: '/cgi-bin/hello.sh',
    sending: { method: 'POST', headers: fields('Content-Length: 2000000') },
  },
]

/** A file that a script names, and a part of it. */
const fileOf = (path: string): Move[] => [
  { path },
  { path, what: 'a part', sending: { headers: fields('Range: bytes=2-5') } },
]

/** How each is started, and what else its configuration has that has to be the same. */
const guides: Record<string, ScriptGuide> = {
  'from-apache.md': { start: startApache, options: needs('Apache'), also: [] },
  'from-lighttpd.md': {
    start: startLighttpd,
    options: needs('lighttpd'),
    also: [{ path: '/cgi-bin/greet.txt' }, ...fileOf('/cgi-bin/sendfile.sh')],
  },
  'from-nginx-fcgiwrap.md': {
    start: startNginx,
    options: needs('nginx', 'fcgiwrap'),
    also: fileOf('/cgi-bin/accel.sh'),
  },
}

interface ScriptGuide {
  readonly start: Start
  readonly options: { skip: string | false }
  readonly also: readonly Move[]
}

for (const [name, { start, options, also }] of Object.entries(guides)) {
  void t.test(`the guide ${name}`, { ...options, jobs: 4 }, async (t) => {
    movingSuite(t, new Page(name), {
      async start(t, page) {
        const site = await MovingSite.create()
        t.after(() => site.remove())
        const there = await start(page, site)
        t.after(() => there.close())
        const here = await startNode('server.js')(page, site)
        t.after(() => here.close())
        return { site, there, here }
      },
      same: [...SAME, ...also],
      sameStatus: SAME_STATUS,
      toComparable: (answer) => [answer.text, typeOf(answer.all('content-type'))],
      differences: DIFFERENCES[name] ?? {},
      questions: QUESTIONS,
    })
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
