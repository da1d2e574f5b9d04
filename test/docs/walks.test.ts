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

void t.test('spans of the page operations have the times of a run', async (t) => {
  const page = new Page('operations.md')
  const workplace = await Workplace.create(t, page)
  const spans = await workplace.shell(`set -e
${process.execPath} --input-type=module -e "
import { channel } from 'node:diagnostics_channel'
import { traceRuns } from '${workplace.folder}/traces.js'
traceRuns({
  startSpan: (name, { startTime }) => ({ end: (end) => console.log(name, startTime, end), setStatus() {} }),
})
const run = { script: '/srv/a.sh', startTime: 1000, duration: 20, request: { method: 'GET' } }
channel('common-gateway:run:end').publish(run)
"`)
  assert.equal(spans, 'CGI a.sh 1000 1020\n')
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
