import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { findFreePort } from '../servers/program.js'
import { fields } from '../support/client.js'
import { ask } from './moving-request.js'
import type { MovingServer } from './moving-server.js'
import { type Move, movingSuite } from './moving-suite.js'
import { codeOf, Page } from './page.js'
import { TWISTED_DIFFERENCES, TWISTED_QUESTIONS } from './twisted-differences.js'
import {
  createTwistedSite,
  startBoth,
  startCommand,
  startTwisted,
  startTwistedProgram,
  TWISTD,
} from './twisted-site.js'

const page = new Page('from-twisted.md')
const options = needs('Twisted')

const FORM = fields('Content-Type: application/x-www-form-urlencoded')

/** The same to the last byte. */
const SAME: readonly Move[] = [
  { path: '/' },
  { path: '/greet.cgi' },
  { path: '/greet%2ecgi' },
  { path: '/form.cgi?x=1&y=%20' },
  { path: '/form.cgi', sending: { method: 'HEAD' } },
  { path: '/form.cgi?x', what: 'a form', sending: { method: 'POST', headers: FORM, body: 'a=b' } },
  { path: '/form.cgi', sending: { method: 'PUT', headers: FORM, body: 'a=b' } },
  { path: '/file.unknown', what: 'a part', sending: { headers: fields('Range: bytes=2-5') } },
]

const SAME_STATUS: readonly Move[] = [
  { path: '/gone.cgi' },
  { path: '/absent.cgi' },
  { path: '/GREET.CGI' },
]

void t.test('the guide from-twisted.md', { ...options, jobs: 4 }, async (t) => {
  movingSuite(t, page, {
    async start(t) {
      const site = await createTwistedSite()
      t.after(() => site.remove())
      const [there, here] = await startBoth(site)
      t.after(() => there.close())
      t.after(() => here.close())
      return { site, there, here }
    },
    same: SAME,
    sameStatus: SAME_STATUS,
    toComparable: ({ text }) => text,
    differences: TWISTED_DIFFERENCES,
    questions: TWISTED_QUESTIONS,
  })
})

/** What both servers of a row answer, by the option of Twisted that the row is about. */
const ANSWERS: Readonly<Record<string, readonly [path: string, text: RegExp]>> = {
  '--path': ['/greet.cgi', /Hello from a script/],
  '--listen': ['/greet.cgi', /Hello from a script/],
  '--processor': ['/tool.pl', /A tool/],
  '--index': ['/', /The index/],
  CGIDirectory: ['/tools/hello.sh', /Hello/],
}

const rows = page.table('Commands').map((row) => row.flatMap(codeOf))

void t.test('the commands of the guide from-twisted.md', { ...options, jobs: 2 }, async (t) => {
  void t.test('are all tried', { buffered: true }, async () => {
    assert.deepEqual(
      new Set(rows.map(([there = '']) => optionOf(there))),
      new Set(Object.keys(ANSWERS)),
    )
  })

  for (const [there = '', here = ''] of rows) {
    void t.test(`${there} is ${here}`, { buffered: true, ...NO_HANG }, async (t) => {
      const site = await createTwistedSite()
      t.after(() => site.remove())
      const ports = [await findFreePort(), await findFreePort()] as const
      const toOwn = (text: string, port: number): string =>
        text.replace('8000', String(port)).replace('/srv/tools', `${site.folder}/cgi-bin`)
      const [program, ...args] = toOwn(there, ports[0]).replace(' site', ' web').split(' ')
      const [, , ...ours] = toOwn(here, ports[1]).replace(' site', ' web').split(' ')
      const listen = there.includes('8000') ? [] : ['--listen', `tcp:${ports[0]}`]
      const port = here.includes('8000') ? [] : ['--port', String(ports[1])]
      const servers = await Promise.all([
        program === 'twistd'
          ? startTwisted(site, ports[0], [...args, ...listen])
          : startTwistedProgram(site, ports[0], toOwn(there, ports[0])),
        startCommand(site, ports[1], [...ours, ...port]),
      ])
      for (const server of servers) t.after(() => server.close())
      await assertSame(servers, optionOf(there))
    })
  }

  void t.test('listen on 8080 without --listen', { buffered: true }, async () => {
    const { stdout } = spawnSync(TWISTD, ['web', '--help'], { encoding: 'utf8' })
    assert.match(stdout, /--listen=\s[^-]*\[default: tcp:8080\]/)
    assert.match(page.text, /Without `--listen`, Twisted uses port 8080/)
  })
})

/** The option that a row is about: its last. */
function optionOf(line: string): string {
  if (line.includes('CGIDirectory')) return 'CGIDirectory'
  return line.match(/--\w+/g)?.at(-1) ?? ''
}

async function assertSame(servers: readonly MovingServer[], option: string): Promise<void> {
  const [path, text] = ANSWERS[option] ?? []
  assert.ok(path !== undefined && text !== undefined, option)
  for (const { port } of servers) {
    const answer = await ask(port, [`GET ${path}`])
    assert.match(answer, /^HTTP\/1\.1 200 /)
    assert.match(answer, text)
  }
}
