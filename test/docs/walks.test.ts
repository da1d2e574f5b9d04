import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { NO_HANG } from '../apps/application.js'
import { needs } from '../apps/programs.js'
import { codeOf, Page } from './page.js'
import { Workplace } from './workplace.js'

for (const name of ['guide', 'operations']) {
  void t.test(`the page ${name} does what it says`, { ...needs('curl'), ...NO_HANG }, async (t) => {
    const page = new Page(`${name}.md`)
    const workplace = await Workplace.create(t, page)
    await workplace.start(process.execPath, ['server.js'])
    assert.notDeepEqual(page.loose('console'), [])
    await workplace.follow()
  })
}

void t.test(
  'Prometheus takes the metrics of the page operations',
  { ...needs('curl', 'promtool'), ...NO_HANG },
  async (t) => {
    const workplace = await Workplace.create(t, new Page('operations.md'))
    await workplace.start(process.execPath, ['server.js'])
    await workplace.shell(`set -e\ncurl -s ${workplace.origin}/cgi-bin/hello.sh`)
    const said = await workplace.shell(
      `set -e\ncurl -s ${workplace.origin}/metrics | tee metrics.txt | promtool check metrics`,
    )
    assert.equal(said, '')
    const labels = await workplace.shell('grep -c cgi_duration_seconds_bucket metrics.txt')
    assert.equal(labels, '8\n')
  },
)

/** An application with the page's traces; it prints the spans as the SDK of OpenTelemetry exports them. */
const TRACED = fileURLToPath(new URL('./traced-application.js', import.meta.url))

/** What the application prints: times of spans in seconds and nanoseconds. */
interface Traced {
  readonly spans: readonly {
    readonly name: string
    readonly attributes: Readonly<Record<string, unknown>>
    readonly status: { readonly code: number; readonly message?: string }
    readonly startTime: readonly [number, number]
    readonly duration: readonly [number, number]
    readonly scope: string
  }[]
  readonly runs: readonly { startTime: number; duration: number; pid: number }[]
}

void t.test('spans of the page operations are those of each run', NO_HANG, async (t) => {
  const workplace = await Workplace.create(t, new Page('operations.md'))
  const script = path.join(workplace.folder, 'cgi-bin/fails.sh')
  writeFileSync(script, '#!/bin/sh\nexit 3\n', { mode: 0o755 })
  const text = await workplace.shell(
    `set -e\n${process.execPath} ${TRACED} ${workplace.folder}/traces.js`,
  )
  // The program that this file starts prints it.
  const { spans, runs } = JSON.parse(text) as Traced
  const [hello, fails] = spans
  assert.equal(spans.length, 2)
  assert.equal(hello?.name, 'CGI hello.sh')
  assert.equal(hello?.scope, 'common-gateway')
  assert.deepEqual(hello?.status, { code: 0 })
  assert.equal(hello?.attributes['process.exit.code'], 0)
  assert.equal(hello?.attributes['http.request.method'], 'GET')
  assert.equal(hello?.attributes['error.type'], undefined)
  assert.equal(fails?.name, 'CGI fails.sh')
  assert.equal(fails?.status.code, 2)
  assert.equal(fails?.attributes['process.exit.code'], 3)
  assert.match(String(fails?.attributes['error.type']), /^CGI_ERR_/)
  const toMilliseconds = ([seconds, nanoseconds]: readonly [number, number]): number =>
    seconds * 1e3 + nanoseconds / 1e6
  for (const [index, { startTime, duration, pid }] of runs.entries()) {
    const span = spans[index]
    assert.ok(span !== undefined)
    assert.equal(span.attributes['process.pid'], pid)
    // Both are rounded to nanoseconds by then.
    assert.ok(Math.abs(toMilliseconds(span.startTime) - startTime) < 0.01)
    assert.ok(Math.abs(toMilliseconds(span.duration) - duration) < 0.01)
  }
})

/** Servers that stand in a page by themselves, without the files of a recipe. */
const servers = ['../README.md', 'fastify.md', 'express.md', 'reference/errors.md'].flatMap(
  (name) =>
    new Page(name)
      .loose('js')
      .filter((text) => text.includes('import cgi') && text.includes('listen('))
      .map((text) => ({ name, text })),
)

void t.test('servers stand in the pages by themselves', async () => {
  assert.ok(servers.length > 5)
})

for (const [index, { name, text }] of servers.entries()) {
  const title = `server ${index} of the pages runs the script of the README (${name})`
  void t.test(title, { ...needs('curl'), ...NO_HANG }, async (t) => {
    const commands = new Page('../README.md').loose('sh').find((block) => block.startsWith('mkdir'))
    // A page without files: an empty place.
    const workplace = await Workplace.create(t, new Page('fastify.md'))
    await workplace.shell(`set -e\n${commands}\nmkdir tools`)
    writeFileSync(path.join(workplace.folder, 'server.mjs'), workplace.localize(text))
    await workplace.start(process.execPath, ['server.mjs'])
    const get = async (url: string): Promise<string> =>
      workplace.shell(`curl -s -w ' %{http_code}' ${workplace.origin}${url}`)
    assert.equal(await get('/cgi-bin/hello.sh'), 'Hello from /cgi-bin/hello.sh\n 200')
    assert.match(await get('/cgi-bin/none'), /404$/)
    await workplace.shell('set -e\ncp cgi-bin/hello.sh cgi-bin/a.sh\nchmod -x cgi-bin/a.sh')
    assert.match(await get('/cgi-bin/a.sh'), /403$/)
  })
}

void t.test(
  'the unit of the page operations is one that systemd takes',
  needs('systemd-analyze'),
  async (t) => {
    const page = new Page('operations.md')
    const { folder } = await Workplace.create(t, page)
    const unit = path.join(folder, 'unit.service')
    const text = page.file('site.service').replace('/usr/bin/node', process.execPath)
    writeFileSync(unit, text)
    const { stderr } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' })
    const about = stderr.split('\n').filter((line) => line.includes('unit.service'))
    assert.deepEqual(about, [])
  },
)

void t.test('the folders of the page architecture are there', async () => {
  const { text } = new Page('architecture.md')
  const root = fileURLToPath(new URL('../../../', import.meta.url))
  const folders = codeOf(text).filter((code) => code.startsWith('packages/'))
  assert.ok(folders.length > 15)
  assert.deepEqual(
    folders.filter((folder) => !existsSync(path.join(root, folder))),
    [],
  )
})
