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

const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0

void t.test(
  'the unit of the page operations is one that systemd takes',
  { skip: hasSystemd ? false : 'systemd-analyze is not installed' },
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
